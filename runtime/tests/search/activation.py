"""The runtime's own `Session`, one request at a time.

An activation depends only on its envelope and on the answers that it has received, so these two are its state. To find its next
request, the session runs again from the envelope and replays the answers up to the first missing one. Contents are the same as
in S3, except that the activation's own name is `ME`.
"""

from __future__ import annotations

import json
from concurrent.futures import Future
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from nuvopipe_runtime.contract.layout import ROOT_PREFIX
from nuvopipe_runtime.contract.parse_key import parts_of
from nuvopipe_runtime.contract.protocol import ENVELOPE_KEY
from nuvopipe_runtime.execution.attempt import Attempt
from nuvopipe_runtime.protocol.related_runs.launches import BUSY
from nuvopipe_runtime.store import Lost
from nuvopipe_testing.asked_store import CONDITIONAL, AskedStore
from nuvopipe_testing.conductor import launch, launches
from nuvopipe_testing.platform import ROOT, advance, warm_container

from .flows import EPOCH_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from nuvopipe_runtime.plan import Plan


RUN = "r"
ME = "me"


class Asks(BaseException):
    """The activation's next request: `(kind, …)`."""

    def __init__(self, request: Any) -> None:
        self.request = request


class Activation:
    """An activation of a step action, or the conductor's launches.

    `following`: the next envelope as JSON, once it has answered; `error`: the error that it raised; `request`: otherwise, its
    next request."""

    __slots__ = ("error", "following", "request")

    def __init__(self, plan: Plan, envelope: str, answers: tuple[Any, ...], is_racy: bool = False) -> None:
        self.request = self.following = self.error = None
        ask = _dialogue(answers)
        store = _Store(_requests(ask, is_racy), ROOT)
        container = warm_container(plan, _Executor(ask, plan))
        entered = json.loads(envelope)
        try:
            if launches(entered):
                self.following = _launched(ask, entered)
            else:
                self.following = advance(plan, entered, store, _Clock(ask), ME, float("inf"), container, environment={})
        except Asks as asks:
            self.request = asks.request
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}"


class _Store(AskedStore):
    """Stops an activation at its first request without an answer, also among concurrent requests."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(function(*arguments))
        return done

    def parallel(self, calls: Iterable[Any]) -> list[Any]:
        return [function(*arguments) for function, *arguments in calls]


def _launched(ask: Callable[..., Any], envelope: dict[str, Any]) -> Any:
    """Returns the envelope after its launches, each of which is a request."""
    walk = launch(envelope)
    answer = None
    while True:
        try:
            component = walk.send(answer)
        except StopIteration as end:
            return end.value
        taken = len(list(takewhile(lambda session: ask("launch", normal(session[1][ENVELOPE_KEY])), component.sessions)))
        answer = {"taken": taken, "now": 0} | ({} if taken == len(component.sessions) else {"refusal": BUSY})


def _dialogue(answers: tuple[Any, ...]) -> Callable[..., Any]:
    """Replays the answers, then stops at the first request without one."""
    played_back = iter(answers)

    def ask(*request: Any) -> Any:
        for answer in played_back:
            return answer
        raise Asks(request)

    return ask


def _requests(ask: Callable[..., Any], is_racy: bool) -> Callable[..., Any]:
    """Turns requests of an `AskedStore` into requests that the world answers. A racy store checks before it writes."""

    def request(operation: str, key: str, *arguments: Any) -> Any:
        if operation == "get":
            # Contents serve as ETags, because an object never has the same content twice.
            data = ask("get", key)
            return None if data is None else (data, {}, data)
        if operation in CONDITIONAL:
            if not (looked_and_wrote if is_racy else ask)(operation, key, *arguments):
                raise Lost(key)
        elif operation == "put":
            # The protocol only writes the rest of the store: Metaflow's files, and the record for users that a run waits.
            if key.startswith(ROOT_PREFIX) and not parts_of("waiting", key):
                ask("put", key, arguments[0])
        elif operation == "names":
            return {found[len(key) :] for found in ask("markers", key)}
        else:
            return ask("list" if operation == "list_stem" else operation, key)

    def looked_and_wrote(operation: str, key: str, data: bytes, e_tag: str | None = None) -> bool:
        if ask("exists", key) if operation == "create" else ask("get", key) != e_tag:
            return False
        ask("write", key, data)
        return True

    return request


class _Clock:
    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def now(self) -> Any:
        return self._ask("now") * EPOCH_MS / 1000

    def now_ms(self) -> Any:
        return self._ask("now") * EPOCH_MS

    def sleep(self, seconds: float) -> None:
        self._ask("sleep")


class _Executor:
    def __init__(self, ask: Callable[..., Any], plan: Plan) -> None:
        self._ask = ask
        self._plan = plan

    def run(self, store: AskedStore, operation: str, request: Any, *_: Any) -> Any:
        if operation == "init":
            return Attempt(True, {}, None, b"", b"", 0, 0)
        step, task, attempt = request["step"], request["task"], request["attempt"]
        self._ask("execute", step, task, attempt)
        ok = self._plan.outcome(step, task, attempt)
        result = {"splits": self._plan.items[step]} if step in self._plan.items else {}
        return Attempt(ok, result, None if ok else "failed", b"", b"", 0, 0, [] if ok else ["Error"])


def normal(envelope: Mapping[str, Any]) -> str:
    """An envelope as JSON, without counts of components and looks, which would make equal states differ."""
    return json.dumps(_normal(envelope), sort_keys=True)


def _normal(envelope: Mapping[str, Any]) -> Any:
    kept = {key: value for key, value in envelope.items() if key not in ("used", "waits", "grow", "poll")}
    if kept.get("guard") is not None:
        kept["guard"] = 0
    if "launch" in kept:
        sessions = [{**each, "envelope": _normal(each["envelope"])} for each in kept["launch"]["sessions"]]
        then = {"then": _normal(kept["launch"]["then"])} if "then" in kept["launch"] else {}
        kept["launch"] = {"sessions": sessions, **then}
    return kept
