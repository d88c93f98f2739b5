"""A flow as a native sequence of OpenWhisk: what a step answers are the next one's arguments. No conductor is there."""

from datetime import datetime, timezone

from .contract.protocol import BOUND_PARAMETERS, ENVELOPE_KEY


def envelope_of(plan, arguments, activation, now):
    """The envelope that the step before has answered; of the first step, one made of what a client gave."""
    if ENVELOPE_KEY in arguments:
        return arguments[ENVELOPE_KEY]
    given = {name: value for name, value in arguments.items() if name not in BOUND_PARAMETERS and not name.startswith("__ow_")}
    entry = {"step": plan.start, "block": plan.block(plan.start), "at": [], "home": True}
    if "cancel" in given:
        return {**entry, "run": str(given["cancel"]), "cancel": True}
    run = given.pop("run", None)
    if run is None:
        run = f"{datetime.fromtimestamp(now, timezone.utc):%Y%m%d%H%M%S}-{activation[:8]}"
    envelope = {"run": str(run), **entry}
    if "wait" in given:
        envelope["answerWithin"] = given.pop("wait")
    if "resume" in given:
        envelope["origin"] = [str(given.pop(key)) for key in ("resume", "from") if key in given]
    return {**envelope, "params": given}


def is_over(envelope):
    """The run has its result already: what is left of the sequence hands it on."""
    return "result" in envelope


def is_ahead(plan, envelope):
    """The step is one of a later component: a run that was lost is entered again from the first one."""
    return len(plan.profiles) > 1 and envelope.get("used", 0) < list(plan.steps).index(envelope["step"])


def answer_of(plan, envelope):
    """What this component answers: the run's result at the end, and at once where that is a failure, which ends a sequence.

    A failure's `error` has its message once more, where the npm client of OpenWhisk looks for it.
    """
    result = envelope.get("result")
    if result is not None and "error" in result:
        error = result["error"]
        rest = {key: value for key, value in result.items() if key != "error"}
        return {"error": {**rest, **error, "error": error["message"]}}
    if result is not None and envelope.get("used", 0) >= len(plan.steps):
        return result
    return {ENVELOPE_KEY: envelope}
