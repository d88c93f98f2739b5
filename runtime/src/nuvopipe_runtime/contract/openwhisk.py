# Made by `npm run generate`; do not edit.
"""The limits of Apache OpenWhisk, with its defaults. A cluster may raise or lower most of them. From
`schemas/openwhisk.json`."""

from typing import Final

INVOCATIONS_PER_MINUTE: Final = 60
"""Invocations over REST in a clock minute, per namespace. Components of sequences and conductors do not count.
Source: application.conf, limits-actions-invokes-perMinute; Entitlement.scala."""

ACTIVATIONS_AT_ONCE: Final = 30
"""Activations of a namespace at the same time, components included. Source: application.conf,
limits-actions-invokes-concurrent; ActivationThrottler.scala."""

FIRES_PER_MINUTE: Final = 60
"""Trigger fires in a clock minute, per namespace. Source: application.conf, limits-triggers-fires-perMinute;
Entitlement.scala."""

SESSION_COMPONENTS_MAX: Final = 50
"""Actions in a sequence, and components that one conductor activation may invoke. Source: application.conf,
limits-actions-sequence-maxLength; PrimitiveActions.scala."""

ACTION_TIME_MIN_MS: Final = 100
"""Smallest time limit of an action, milliseconds. Source: application.conf, whisk.time-limit.min; TimeLimit.scala."""

ACTION_TIME_DEFAULT_MS: Final = 60_000
"""Time limit of an action that asks for none, milliseconds. Source: application.conf, whisk.time-limit.std;
TimeLimit.scala."""

OPENSERVERLESS_ACTION_TIME_MAX_MS: Final = 600_000
"""The same as ACTION_TIME_MAX_MS on Apache OpenServerless: the largest of the platforms that flows are deployed to.
Source: OpenServerless's configuration of OpenWhisk."""

ACTION_TIME_MAX_MS: Final = 300_000
"""Largest time limit of an action, milliseconds. Source: application.conf, whisk.time-limit.max; TimeLimit.scala."""

ACTION_MEMORY_MIN_MB: Final = 128
"""Smallest memory of an action, MB. Source: application.conf, whisk.memory.min; MemoryLimit.scala."""

ACTION_MEMORY_DEFAULT_MB: Final = 256
"""Memory of an action that asks for none, MB. Source: application.conf, whisk.memory.std; MemoryLimit.scala."""

ACTION_MEMORY_MAX_MB: Final = 512
"""Largest memory of an action, MB. Source: application.conf, whisk.memory.max; MemoryLimit.scala."""

ACTION_LOGS_MIN_MB: Final = 0
"""Smallest log limit of an action, MB. Source: application.conf, whisk.log-limit.min; LogLimit.scala."""

ACTION_LOGS_DEFAULT_MB: Final = 10
"""Log limit of an action that asks for none, MB. Source: application.conf, whisk.log-limit.std; LogLimit.scala."""

ACTION_LOGS_MAX_MB: Final = 10
"""Largest log limit of an action, MB. Source: application.conf, whisk.log-limit.max; LogLimit.scala."""

ACTION_CONCURRENCY_MAX: Final = 1
"""Activations that one container runs at the same time; also the minimum and the default. Source: application.conf,
whisk.concurrency-limit; IntraConcurrencyLimit.scala."""

ACTION_CODE_MAX_BYTES: Final = 50_331_648
"""Code of an action, bytes: 48 MiB. Source: Exec.scala, sizeLimit."""

PAYLOAD_MAX_BYTES: Final = 1_048_576
"""Parameters, annotations, arguments and result of an action, each as JSON, bytes: 1 MiB. Source: application.conf,
whisk.parameter-size-limit, whisk.activation.payload.max."""

PAYLOAD_KEPT_BYTES: Final = 1_048_576
"""What OpenWhisk keeps of a result that is too large, bytes: 1 MiB. Source: application.conf,
whisk.activation.payload.truncation."""

REQUEST_MAX_BYTES: Final = 52_428_800
"""Body of a REST request, bytes: 50 MiB. Source: application.conf, pekko.http.server.parsing.max-content-length."""

BLOCKING_WAIT_MS: Final = 60_000
"""How long a blocking invocation waits for its result, milliseconds. Source: application.conf,
whisk.controller.max-wait-for-blocking-activation."""

COMPONENT_GRACE_MS: Final = 60_000
"""How much longer than its time limit a component is waited for, milliseconds. Source: PrimitiveActions.scala,
1.minute."""

LISTED_DEFAULT: Final = 30
"""Entities in a list that does not say how many it wants. Source: Collection.scala, defaultListLimit."""

LISTED_MAX: Final = 200
"""Entities in a list. Source: Collection.scala, MAX_LIST_LIMIT."""

ENTITY_NAME_MAX_LENGTH: Final = 256
"""Characters in the name of an entity. Source: EntityPath.scala, ENTITY_NAME_MAX_LENGTH."""

NOT_RESOLVED: Final = "Failed to resolve action"
"""How the error of a component begins that does not exist, or could not be invoked. Source: ErrorResponse.scala,
Messages.compositionComponentNotFound."""
