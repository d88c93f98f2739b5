"""A flow as a native OpenWhisk sequence, without a conductor: the answer of a step becomes the arguments of the next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .contract.protocol import BOUND_PARAMETERS, ENVELOPE_KEY
from .envelope import checked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .contract.formats import Envelope
    from .plan import Plan


def envelope_of(plan: Plan, arguments: dict[str, Any], activation: str, now: float) -> Envelope:
    """Returns the previous step's envelope, or in the first step one made from the client's arguments."""
    if ENVELOPE_KEY in arguments:
        passed_on: Envelope = arguments[ENVELOPE_KEY]
        return passed_on if is_over(passed_on) else checked(passed_on)
    given = {name: value for name, value in arguments.items() if name not in BOUND_PARAMETERS and not name.startswith("__ow_")}
    run = given["cancel"] if "cancel" in given else given.pop("run", None)
    if run is None:
        run = f"{datetime.fromtimestamp(now, UTC):%Y%m%d%H%M%S}-{activation[:8]}"
    envelope: Envelope = {
        "run": str(run),
        "step": plan.start,
        "block": plan.block(plan.start),
        "at": [],
        "home": True,
    }
    if "cancel" in given:
        return envelope | {"cancel": True}
    if "wait" in given:
        envelope["answerWithin"] = given.pop("wait")
    if "resume" in given:
        envelope["origin"] = [str(given.pop(key)) for key in ("resume", "from") if key in given]
    envelope["params"] = given
    return envelope


def is_over(envelope: Envelope) -> bool:
    """Whether the run already has its result, which the rest of the sequence passes on."""
    return "result" in envelope


def is_ahead(plan: Plan, envelope: Envelope) -> bool:
    """Whether the step belongs to a later component: a stalled run is re-entered at the first one."""
    return len(plan.profiles) > 1 and envelope.get("used", 0) < list(plan.steps).index(envelope["step"])


def answer_of(plan: Plan, envelope: Envelope) -> Mapping[str, Any]:
    """The answer of this component. At the end it is the run's result. A failure ends the sequence at once.

    A failure repeats its message under `error`, where OpenWhisk's npm client looks for it.
    """
    result = envelope.get("result")
    if result is not None and "error" in result:
        error = result["error"]
        rest = {key: value for key, value in result.items() if key != "error"}
        return {"error": {**rest, **error, "error": error["message"]}}
    if result is not None and envelope.get("used", 0) >= len(plan.steps):
        return result
    return {ENVELOPE_KEY: envelope}
