// Made by `npm run generate`; do not edit.
/**
 * The limits of Apache OpenWhisk, with its defaults. A cluster may raise or lower most of them. From
 * `schemas/openwhisk.json`.
 */

/**
 * Invocations over REST in a clock minute, per namespace. Components of sequences and conductors do not count. Source:
 * application.conf, limits-actions-invokes-perMinute; Entitlement.scala.
 */
export const INVOCATIONS_PER_MINUTE = 60;

/**
 * Activations of a namespace at the same time, components included. Source: application.conf,
 * limits-actions-invokes-concurrent; ActivationThrottler.scala.
 */
export const ACTIVATIONS_AT_ONCE = 30;

/**
 * Trigger fires in a clock minute, per namespace. Source: application.conf, limits-triggers-fires-perMinute;
 * Entitlement.scala.
 */
export const FIRES_PER_MINUTE = 60;

/**
 * Actions in a sequence, and components that one conductor activation may invoke. Source: application.conf,
 * limits-actions-sequence-maxLength; PrimitiveActions.scala.
 */
export const SESSION_COMPONENTS_MAX = 50;

/** Smallest time limit of an action, milliseconds. Source: application.conf, whisk.time-limit.min; TimeLimit.scala. */
export const ACTION_TIME_MIN_MS = 100;

/**
 * Time limit of an action that asks for none, milliseconds. Source: application.conf, whisk.time-limit.std;
 * TimeLimit.scala.
 */
export const ACTION_TIME_DEFAULT_MS = 60_000;

/**
 * The same as ACTION_TIME_MAX_MS on Apache OpenServerless: the largest of the platforms that flows are deployed to.
 * Source: OpenServerless's configuration of OpenWhisk.
 */
export const OPENSERVERLESS_ACTION_TIME_MAX_MS = 600_000;

/** Largest time limit of an action, milliseconds. Source: application.conf, whisk.time-limit.max; TimeLimit.scala. */
export const ACTION_TIME_MAX_MS = 300_000;

/** Smallest memory of an action, MB. Source: application.conf, whisk.memory.min; MemoryLimit.scala. */
export const ACTION_MEMORY_MIN_MB = 128;

/** Memory of an action that asks for none, MB. Source: application.conf, whisk.memory.std; MemoryLimit.scala. */
export const ACTION_MEMORY_DEFAULT_MB = 256;

/** Largest memory of an action, MB. Source: application.conf, whisk.memory.max; MemoryLimit.scala. */
export const ACTION_MEMORY_MAX_MB = 512;

/** Smallest log limit of an action, MB. Source: application.conf, whisk.log-limit.min; LogLimit.scala. */
export const ACTION_LOGS_MIN_MB = 0;

/** Log limit of an action that asks for none, MB. Source: application.conf, whisk.log-limit.std; LogLimit.scala. */
export const ACTION_LOGS_DEFAULT_MB = 10;

/** Largest log limit of an action, MB. Source: application.conf, whisk.log-limit.max; LogLimit.scala. */
export const ACTION_LOGS_MAX_MB = 10;

/**
 * Activations that one container runs at the same time; also the minimum and the default. Source: application.conf,
 * whisk.concurrency-limit; IntraConcurrencyLimit.scala.
 */
export const ACTION_CONCURRENCY_MAX = 1;

/** Code of an action, bytes: 48 MiB. Source: Exec.scala, sizeLimit. */
export const ACTION_CODE_MAX_BYTES = 50_331_648;

/**
 * Parameters, annotations, arguments and result of an action, each as JSON, bytes: 1 MiB. Source: application.conf,
 * whisk.parameter-size-limit, whisk.activation.payload.max.
 */
export const PAYLOAD_MAX_BYTES = 1_048_576;

/**
 * What OpenWhisk keeps of a result that is too large, bytes: 1 MiB. Source: application.conf,
 * whisk.activation.payload.truncation.
 */
export const PAYLOAD_KEPT_BYTES = 1_048_576;

/** Body of a REST request, bytes: 50 MiB. Source: application.conf, pekko.http.server.parsing.max-content-length. */
export const REQUEST_MAX_BYTES = 52_428_800;

/**
 * How long a blocking invocation waits for its result, milliseconds. Source: application.conf,
 * whisk.controller.max-wait-for-blocking-activation.
 */
export const BLOCKING_WAIT_MS = 60_000;

/**
 * How much longer than its time limit a component is waited for, milliseconds. Source: PrimitiveActions.scala,
 * 1.minute.
 */
export const COMPONENT_GRACE_MS = 60_000;

/** Entities in a list that does not say how many it wants. Source: Collection.scala, defaultListLimit. */
export const LISTED_DEFAULT = 30;

/** Entities in a list. Source: Collection.scala, MAX_LIST_LIMIT. */
export const LISTED_MAX = 200;

/** Characters in the name of an entity. Source: EntityPath.scala, ENTITY_NAME_MAX_LENGTH. */
export const ENTITY_NAME_MAX_LENGTH = 256;

/**
 * How the error of a component begins that does not exist, or could not be invoked. Source: ErrorResponse.scala,
 * Messages.compositionComponentNotFound.
 */
export const NOT_RESOLVED = 'Failed to resolve action';
