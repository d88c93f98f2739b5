"""The runtime's own `Session`, one request at a time.

An activation is a function of its envelope and of what it was answered so far. So its state is just these two, and its next
request is found by running the session again from the envelope, with the answers played back, up to the first that is missing.
Contents are what they are in S3, but for the activation's own name, which is `ME` inside of it.
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
    """A step action's, or the conductor's own where sessions are to be launched.

    `following`: the next envelope, as JSON, once it has answered; `error`: what it raised; `request`: else, its next."""

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
    """An activation stops at its first request that has no answer, also among requests that it makes at once."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(function(*arguments))
        return done

    def parallel(self, calls: Iterable[Any]) -> list[Any]:
        return [function(*arguments) for function, *arguments in calls]


def _launched(ask: Callable[..., Any], envelope: dict[str, Any]) -> Any:
    """The envelope after its launches, each of which is a request."""
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
    """Asks what has been answered, and then stops at the first request that has not."""
    played_back = iter(answers)

    def ask(*request: Any) -> Any:
        for answer in played_back:
            return answer
        raise Asks(request)

    return ask


def _requests(ask: Callable[..., Any], is_racy: bool) -> Callable[..., Any]:
    """The requests of an `AskedStore`, as the world answers them. A store that is racy looks before it writes."""

    def request(operation: str, key: str, *arguments: Any) -> Any:
        if operation == "get":
            # Contents serve as ETags: none is ever the same again.
            data = ask("get", key)
            return None if data is None else (data, {}, data)
        if operation in CONDITIONAL:
            if not (looked_and_wrote if is_racy else ask)(operation, key, *arguments):
                raise Lost(key)
        elif operation == "put":
            # The rest of the store is Metaflow's, which the protocol only writes; only users read what is waiting.
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
    """An envelope as JSON, without what only counts components and looks, and would tell equal states apart."""
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
