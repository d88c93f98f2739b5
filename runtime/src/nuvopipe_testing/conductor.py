"""A model of a flow's conductor: what the composition does to an envelope, one function per transition.

It does no I/O and has no state besides the envelope. Traces in `schemas/golden/conductor`, recorded from compiled conductors,
check that it equals the real one.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from nuvopipe_runtime.contract.openwhisk import NOT_RESOLVED, SESSION_COMPONENTS_MAX
from nuvopipe_runtime.contract.protocol import (
    CALL_ANSWER_MAX_BYTES,
    CALL_ERROR_MAX_BYTES,
    CALL_ERROR_NAME_MAX_LENGTH,
    DIED_MAX_BYTES,
    ENVELOPE_KEY,
    PAUSE_MAX_MS,
)
from nuvopipe_runtime.plan import version_of
from nuvopipe_runtime.protocol.related_runs.launches import invocations

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import TypeAlias

    from nuvopipe_runtime.plan import Plan

    JsonObject: TypeAlias = dict[str, Any]
    Component: TypeAlias = "Step | Pause | Call | Launch | Refused"
    Walk: TypeAlias = Generator[Component, JsonObject, JsonObject]
    """A session: yields components, receives their answers, and returns the last envelope."""

TOO_MANY_COMPONENTS = "Too many actions in the composition."
"""OpenWhisk's error for each component beyond `SESSION_COMPONENTS_MAX`, in place of an answer."""

HOLDS_MAX = 50
"""How often a session without components asks again, once per second, until its conductor activation ends."""

MINUTE_MS, CROWDED_PAUSE_MS, SPREAD_MS = 60_000, 15_000, 2_000
"""Pauses after a refusal, as in `runtime/conductor/launch.js`."""

FLOW_VERSION = re.compile(r"[A-Za-z]\w*\.steps/flow-\w+")
"""Matches conductors of flow versions."""


@dataclass(frozen=True)
class Step:
    """Invokes the step action of a profile with an envelope."""

    profile: str
    envelope: JsonObject
    is_stand_in: bool = False


@dataclass(frozen=True)
class Pause:
    """Invokes the `wait` action; the session continues with `envelope`."""

    ms: int
    envelope: JsonObject


@dataclass(frozen=True)
class Call:
    """Invokes the action that a step calls; `envelope` is what the step gets back, without the answer."""

    action: str
    arguments: JsonObject
    envelope: JsonObject


@dataclass(frozen=True)
class Launch:
    """Launches sessions: `(action, arguments)` of each; the action is None for the session's own flow.

    It is not a component. Its answer has `taken`, the number of `sessions` that were accepted (0 only if the first was
    refused), the reason of the `refusal` if there was one, and the time `now` (epoch ms). `also` are invoked too, accepted or
    not.
    """

    sessions: list[tuple[str | None, JsonObject]]
    also: list[tuple[str | None, JsonObject]]
    holds: bool = False
    """Whether the conductor was just refused, and asks again after a moment."""


@dataclass(frozen=True)
class Refused:
    """OpenWhisk refuses the component, because the session has invoked `SESSION_COMPONENTS_MAX`."""


@dataclass(frozen=True)
class Conductor:
    """The part of a plan that is in the composition.

    `blocks` has the profile of each block, `actions` the action that the only step of a block calls. `stand_ins` are profiles
    whose actions fail the attempts of a step whose own action does not start.
    """

    flow: str
    version: str
    start: str
    start_block: str
    blocks: dict[str, str]
    actions: dict[str, str] = field(default_factory=dict)
    stand_ins: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    """Flows that the flow's steps start."""

    @classmethod
    def of(cls, plan: Plan, stand_ins: Sequence[str] = ()) -> Conductor:
        """Makes the conductor of a `Plan`."""
        blocks, calls, flows = {}, {}, set()
        for spec in plan.steps.values():
            blocks[spec["block"]] = spec["profile"]
            if "call" in spec and "action" in spec["call"]:
                calls[spec["block"]] = spec["call"]["action"]
            elif "call" in spec and "flow" in spec["call"]:
                flows.add(spec["call"]["flow"])
        start, version = (plan.start, plan.block(plan.start)), version_of(plan.hash)
        return cls(plan.flow, version, *start, blocks, calls, tuple(stand_ins), tuple(sorted(flows)))

    # ------------------------------------------------------------------ a session

    def session(self, envelope: JsonObject) -> Walk:
        """A session that starts with an envelope, as a generator of the components that it invokes.

        It receives the answer of each, a JSON object with an `error` if the component failed. Returns the last envelope.
        """
        walk = self._walk(envelope)
        used = 0
        try:
            component = next(walk)
            while True:
                if isinstance(component, Launch):
                    answer = yield component
                elif used < SESSION_COMPONENTS_MAX:
                    used += 1
                    answer = yield component
                else:
                    yield Refused()
                    answer = {"error": TOO_MANY_COMPONENTS}
                component = walk.send(answer)
        except StopIteration as end:
            last: JsonObject = end.value
            return last

    def _walk(self, envelope: JsonObject) -> Walk:
        while True:
            while launches(envelope):
                envelope = yield from launch(envelope, self.is_flow)
            if not goes_on(envelope):
                return envelope
            if waits(envelope):
                ms, envelope = pause(envelope)
                yield Pause(ms, envelope)
            else:
                envelope = yield from self._visit(envelope)

    def _visit(self, envelope: JsonObject) -> Walk:
        """Executes the block of an envelope until an answer leaves it."""
        stand_in = self.stand_in(envelope)
        block, profile = ("", stand_in) if stand_in else self.block(envelope)
        while True:
            answer = yield Step(profile, envelope, stand_in is not None)
            if "error" in answer:
                return self.die(envelope, answer["error"])
            envelope = answer
            if block in self.actions and "call" in envelope:
                arguments, saved = call(envelope)
                envelope = called(saved, (yield Call(self.actions[block], arguments, saved)))
            if stand_in or envelope.get("block") != block or envelope.get("wait") or "launch" in envelope:
                return envelope

    # ------------------------------------------------------------------ transitions that depend on the plan

    def enter(
        self, given: JsonObject, new_run: Callable[[], str], seal: Callable[[JsonObject], str] | None = None
    ) -> JsonObject:
        """Returns the first envelope of a session, from the arguments of its invocation.

        `new_run` makes the ID of a run without a name; `seal` seals the parameters of a flow with secrets.
        """
        if given.get(ENVELOPE_KEY):
            launched: JsonObject = given[ENVELOPE_KEY]
            return launched
        params = {name: value for name, value in given.items() if name not in ("run", "wait", "cancel", "resume")}
        envelope: JsonObject = {"block": self.start_block, "step": self.start, "at": [], "home": True}
        if "cancel" in given:
            return {**envelope, "run": _string(given["cancel"]), "cancel": True}
        params = {name: value for name, value in params.items() if not name.startswith("__ow_")}
        if "resume" in given:
            envelope["origin"] = [_string(given["resume"]), *([_string(params.pop("from"))] if "from" in params else [])]
        envelope["run"] = _string(given["run"]) if "run" in given else new_run()
        envelope["params"] = seal(params) if seal else params
        return {**envelope, "answerWithin": given["wait"]} if "wait" in given else envelope

    def is_flow(self, action: str) -> bool:
        """Whether a session may launch an action."""
        return action in self.flows or FLOW_VERSION.fullmatch(action) is not None

    def stand_in(self, envelope: JsonObject) -> str | None:
        """The profile of the stand-in that an envelope names; None if it names none."""
        number = envelope.get("standIn", 0)
        return self.stand_ins[number - 1] if number in range(1, len(self.stand_ins) + 1) else None

    def block(self, envelope: JsonObject) -> tuple[str, str]:
        """`(block, profile)` of an envelope. The composition finds blocks by bisection, so unknown blocks become known ones."""
        names = sorted(self.blocks)
        name = names[max(bisect_right(names, envelope["block"]) - 1, 0)]
        return name, self.blocks[name]

    def die(self, saved: JsonObject, error: Any) -> JsonObject:
        """The envelope after a step action answered an error. It leads to the same action, a stand-in, or the end."""
        died = _cut(_text_of(error), DIED_MAX_BYTES)
        following = {**saved, "used": saved.get("used", 0) + 1}
        stand_in = saved.get("standIn", 0)
        if "died" not in saved:
            return {**following, "died": died}
        if stand_in < len(self.stand_ins):
            return {**following, "standIn": stand_in + 1, **({"died": died} if stand_in == 0 else {})}
        run, step = saved["run"], saved["step"]
        message = f"{step}: its action died twice: {died}"
        if died.startswith(NOT_RESOLVED):
            message += f" If version {self.version} of {self.flow} is no longer deployed: nuvopipe resume {self.flow}/{run}"
        return {"run": run, "result": {"run": run, "status": "failed", "error": {"message": message, "step": step}}}


# ---------------------------------------------------------------------- transitions of any envelope


def launches(envelope: JsonObject) -> bool:
    """Whether sessions are launched before this one continues. A session that persists pauses between two attempts."""
    return "launch" in envelope and not ("persists" in envelope["launch"] and waits(envelope))


def launch(envelope: JsonObject, is_flow: Callable[[str], bool] = lambda action: True) -> Walk:
    """The envelope after its launches: `then` if all were accepted, or the same one with what was refused."""
    asked = envelope["launch"]
    rest = {key: value for key, value in envelope.items() if key != "launch"}

    def is_allowed(session: tuple[str | None, JsonObject]) -> bool:
        return session[0] is None or is_flow(session[0])

    wanted = [each for session in asked["sessions"] for each in invocations(session)]
    sessions = list(takewhile(is_allowed, wanted))
    also = [each for session in asked.get("also", ()) for each in invocations(session) if is_allowed(each)]
    answer = yield Launch(sessions, also)
    if len(sessions) < len(wanted) and "refusal" not in answer:
        answer = {**answer, "refusal": f"{wanted[len(sessions)][0]} is not a flow"}
    is_last = "persists" in asked and envelope.get("used", 0) >= SESSION_COMPONENTS_MAX
    for _ in range(HOLDS_MAX):
        if not is_last or "refusal" not in answer:
            break
        answer = yield Launch(sessions, [], holds=True)
    if "refusal" not in answer:
        then: JsonObject = asked.get("then", rest)
        return then
    if is_last:
        return {"run": envelope["run"], "error": f"the platform takes no further session of this run: {answer['refusal']}"}
    if "persists" not in asked:
        return {**rest, "launched": [answer["taken"], answer["refusal"]]}
    again = {key: value for key, value in asked.items() if key != "also"}
    return {**rest, "launch": again, "wait": pause_after_refusal_ms(answer["refusal"], answer["now"])}


def pause_after_refusal_ms(refusal: str, now_ms: int) -> int:
    """Pause before refused sessions are launched again: up to the next minute, or for a moment."""
    return (MINUTE_MS - now_ms % MINUTE_MS if refusal == "busy" else CROWDED_PAUSE_MS) + now_ms % SPREAD_MS


def goes_on(envelope: JsonObject) -> bool:
    """Whether an envelope names a block. If not, the session is over."""
    return "block" in envelope


def waits(envelope: JsonObject) -> bool:
    """Whether the session pauses before it enters the envelope's block."""
    return bool(envelope.get("wait", 0) > 0)


def pause(envelope: JsonObject) -> tuple[int, JsonObject]:
    """`(milliseconds, envelope after the pause)`. Pauses longer than one `wait` action consist of several."""
    wait = envelope["wait"]
    ms = min(wait, PAUSE_MAX_MS)
    following = {key: value for key, value in envelope.items() if key != "wait"}
    following["used"] = envelope.get("used", 0) + 1
    return ms, {**following, "wait": wait - ms} if wait > ms else following


def call(envelope: JsonObject) -> tuple[JsonObject, JsonObject]:
    """`(arguments of the action that a step calls, envelope that gets its answer)`."""
    following = {key: value for key, value in envelope.items() if key != "call"}
    return envelope["call"], {**following, "used": envelope.get("used", 0) + 1}


def called(saved: JsonObject, answer: JsonObject) -> JsonObject:
    """The envelope after the action that a step calls has answered."""
    if "error" in answer:
        return {**saved, "answer": {"error": _call_error(answer["error"])}}
    size = len(_json(answer).encode())
    if size > CALL_ANSWER_MAX_BYTES:
        error = f"its answer has {size} bytes: a step takes {CALL_ANSWER_MAX_BYTES} at most"
        return {**saved, "answer": {"error": error}}
    return {**saved, "answer": {"result": answer}}


def answer_of(envelope: JsonObject) -> JsonObject:
    """The answer to a session's client: the run's result; that of a failure is an `error`, as OpenWhisk requires."""
    if "error" in envelope:
        return {"error": envelope["error"]}
    result = envelope.get("result") or {"run": envelope["run"], "status": "running"}
    error = result.get("error")
    rest = {key: value for key, value in result.items() if key != "error"}
    return {"error": {**rest, **error, "error": error["message"]}} if error else rest


def _call_error(error: Any) -> str | dict[str, str]:
    text = _inner(error)
    text = text if isinstance(text, str) else _json(text)
    message = _cut(text, CALL_ERROR_MAX_BYTES)
    message += "…" if len(text.encode()) > CALL_ERROR_MAX_BYTES else ""
    name = error.get("name") if isinstance(error, dict) else None
    return {"name": name, "message": message} if isinstance(name, str) and len(name) <= CALL_ERROR_NAME_MAX_LENGTH else message


def _text_of(error: Any) -> str:
    text = _inner(error)
    return text if isinstance(text, str) else _json(error)


def _inner(error: Any) -> Any:
    """The part of an error that holds its text."""
    return (error.get("error") or error.get("message") or error) if isinstance(error, dict) else error


def _cut(text: str, bytes_max: int) -> str:
    return text.encode()[:bytes_max].decode(errors="replace")


def _string(value: Any) -> str:
    """Converts a plain JSON value as JavaScript's `String` does."""
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    """Writes JSON as JavaScript's `JSON.stringify` does."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
