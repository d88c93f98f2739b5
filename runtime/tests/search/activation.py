"""The runtime's own `Session`, one request at a time.

An activation is a function of its envelope and of what it was answered so far. So its state is just these two, and its next
request is found by running the session again from the envelope, with the answers played back, up to the first that is missing.
Contents are what they are in S3, but for the activation's own name, which is `ME` inside of it.
"""

import json
from concurrent.futures import Future
from types import SimpleNamespace

from nuvopipe_runtime.context import Context
from nuvopipe_runtime.contract.layout import ROOT_PREFIX, RunLayout
from nuvopipe_runtime.contract.parse_key import parts_of
from nuvopipe_runtime.execution.attempt import Attempt
from nuvopipe_runtime.protocol.pools.growth import Pace
from nuvopipe_runtime.protocol.records.record_cache import RecordCache
from nuvopipe_runtime.protocol.records.stop_check import StopCheck
from nuvopipe_runtime.protocol.session import Session
from nuvopipe_runtime.protocol.timing.answering import Durations
from nuvopipe_runtime.protocol.values.secret_parameters import SecretParameters
from nuvopipe_runtime.store import Lost
from nuvopipe_testing.simulation import launched_in_turn

from .flows import EPOCH_MS

RUN = "r"
ME = "me"


class Asks(BaseException):
    """The activation's next request: `(kind, …)`."""

    def __init__(self, request):
        self.request = request


class Activation:
    """`following`: the next envelope, as JSON, once it has answered; `error`: what it raised; `request`: else, its next."""

    __slots__ = ("error", "following", "request")

    def __init__(self, plan, envelope, answers, is_racy=False):
        self.request = self.following = self.error = None
        dialogue = _Dialogue(answers)
        store = (_RacyStore if is_racy else _Store)(dialogue)
        context = Context(
            plan=plan,
            store=store,
            layout=RunLayout(plan.flow, RUN),
            clock=_Clock(dialogue),
            by=ME,
            deadline=float("inf"),
        )
        container = SimpleNamespace(
            executor=_Executor(dialogue, plan),
            stop_check=StopCheck(),
            records=RecordCache(),
            durations=Durations(),
            pace=Pace(start_ms=0),
            secrets=SecretParameters(plan),
        )
        session = Session(context, container, _Launcher(dialogue), {}, "user")
        try:
            self.following = session.advance(json.loads(envelope))
        except Asks as asks:
            self.request = asks.request
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}"


class _Dialogue:
    def __init__(self, answers):
        self._answers = iter(answers)

    def ask(self, *request):
        for answer in self._answers:
            return answer
        raise Asks(request)


class _Clock:
    def __init__(self, dialogue):
        self._ask = dialogue.ask

    def now(self):
        return self._ask("now") * EPOCH_MS / 1000

    def now_ms(self):
        return self._ask("now") * EPOCH_MS

    def sleep(self, seconds):
        self._ask("sleep")


class _Store:
    root = "s3://bucket/root"

    def __init__(self, dialogue):
        self._ask = dialogue.ask

    def derive_key(self, purpose):
        return b"key"

    def put(self, key, data, attributes=None):
        # The rest of the store is Metaflow's, which the protocol only writes; only users read what is waiting.
        if key.startswith(ROOT_PREFIX) and not parts_of("waiting", key):
            self._ask("put", key, data)

    def create(self, key, data):
        if not self._ask("create", key, data):
            raise Lost(key)

    def replace(self, key, data, e_tag):
        if not self._ask("replace", key, data, e_tag):
            raise Lost(key)

    def get(self, key):
        """Contents serve as ETags: none is ever the same again."""
        data = self._ask("get", key)
        return None if data is None else (data, {}, data)

    def get_json(self, key):
        data = self._ask("get", key)
        return None if data is None else json.loads(data)

    def exists(self, key):
        return self._ask("exists", key)

    def delete(self, key):
        self._ask("delete", key)

    def list(self, prefix):
        return self._ask("list", prefix)

    list_stem = list

    def names(self, prefix):
        return {key[len(prefix) :] for key in self._ask("markers", prefix)}

    def submit(self, function, *arguments):
        done = Future()
        done.set_result(function(*arguments))
        return done

    def parallel(self, calls):
        return [function(*arguments) for function, *arguments in calls]


class _RacyStore(_Store):
    """It takes the headers of conditional requests, and looks before it writes; others write in between."""

    def create(self, key, data):
        if self.exists(key):
            raise Lost(key)
        self._ask("write", key, data)

    def replace(self, key, data, e_tag):
        if self._ask("get", key) != e_tag:
            raise Lost(key)
        self._ask("write", key, data)


class _Launcher:
    is_crowded = False

    def __init__(self, dialogue):
        self._ask = dialogue.ask

    def launch(self, envelope):
        return self._ask("launch", normal(envelope))

    def launch_all(self, envelopes):
        return launched_in_turn(self.launch, envelopes)


class _Executor:
    def __init__(self, dialogue, plan):
        self._ask = dialogue.ask
        self._plan = plan

    def run(self, store, operation, request, *_):
        if operation == "init":
            return Attempt(True, {}, None, b"", b"", 0, 0)
        step, task, attempt = request["step"], request["task"], request["attempt"]
        self._ask("execute", step, task, attempt)
        ok = self._plan.outcome(step, task, attempt)
        result = {"splits": self._plan.items[step]} if step in self._plan.items else {}
        return Attempt(ok, result, None if ok else "failed", b"", b"", 0, 0, [] if ok else ["Error"])


def normal(envelope):
    """An envelope as JSON, without what only counts components and looks, and would tell equal states apart."""
    kept = {key: value for key, value in envelope.items() if key not in ("used", "waits", "grow", "poll")}
    if kept.get("guard") is not None:
        kept["guard"] = 0
    return json.dumps(kept, sort_keys=True)
