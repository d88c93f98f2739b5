"""Tests the patches of Metaflow: each test fails if Metaflow no longer does what its patch relies on."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import metaflow
import pytest
from metaflow.datastore.flow_datastore import FlowDataStore
from metaflow.datastore.task_datastore import TaskDataStore
from metaflow.exception import MetaflowExceptionWrapper, MetaflowInternalError
from metaflow.flowspec import FlowSpec
from metaflow.graph import FlowGraph
from metaflow.includefile import IncludeFile
from metaflow.metaflow_environment import MetaflowEnvironment
from metaflow.plugins.catch_decorator import CatchDecorator, FailureHandledByCatch
from metaflow.plugins.datastores.local_storage import LocalStorage
from metaflow.plugins.timeout_decorator import TimeoutDecorator, TimeoutException
from metaflow.task import MetaflowTask
from metaflow.tuple_util import ForeachFrame

from nuvopipe_runtime.execution import metaflow_patches
from nuvopipe_runtime.execution.storage import InputRecords, SupervisedStorage

PLACES = metaflow_patches.PATCHED | metaflow_patches.CALLED


class F(FlowSpec):
    """A flow in this module, because Metaflow reads the module's source for the graph."""

    n = metaflow.Parameter("n", type=int, default=1)
    token = metaflow.Parameter("token", default="")

    @metaflow.step
    def start(self) -> None:
        self.next(self.end)

    @metaflow.step
    def end(self) -> None:
        pass


@pytest.fixture(autouse=True)
def unpatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undoes every patch after a test."""
    for place in metaflow_patches.PATCHED:
        module, _, names = place.partition(":")
        owner: Any = importlib.import_module(module)
        *path, last = names.split(".")
        for name in path:
            owner = getattr(owner, name)
        value = vars(owner)[last]
        monkeypatch.setattr(owner, last, list(value) if isinstance(value, list) else value)


def in_fork(child: Callable[[], None]) -> str:
    """Runs `child` in its own process. Returns its error as text; empty if it raises none."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            child()
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as answer:
        text = answer.read().decode()
    os.waitpid(pid, 0)
    return text


def written(tmp_path: Path, **artifacts: object) -> TaskDataStore:
    """Returns the datastore of a task with these artifacts, open for reading."""
    store = FlowDataStore("F", MetaflowEnvironment(None), storage_impl=LocalStorage, ds_root=str(tmp_path))
    output = store.get_task_datastore("r", "start", "t", attempt=0, mode="w")
    output.init_task()
    output.save_artifacts(artifacts.items())
    output.done()
    return store.get_task_datastore("r", "start", "t")


# ---------------------------------------------------------------------- the guard


@pytest.mark.parametrize("place", PLACES)
def test_what_is_patched_or_called_has_the_expected_signature(place: str) -> None:
    found = metaflow_patches.signature_of(place)
    assert found is not None
    assert found == PLACES[place] or PLACES[place] == ""


def test_the_installed_metaflow_is_the_one_that_the_patches_were_written_for() -> None:
    metaflow_patches.check()
    assert metaflow.__version__.startswith(metaflow_patches.CHECKED_VERSION)


def test_a_metaflow_with_another_signature_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TaskDataStore, "persist", lambda self, flow, more: None)
    with pytest.raises(metaflow_patches.UnsupportedMetaflow) as refused:
        metaflow_patches.check()
    assert str(refused.value) == (
        f"this version of Metaflow ({metaflow_patches.CHECKED_VERSION}) is not supported: "
        "metaflow.datastore.task_datastore.TaskDataStore.persist takes (self, flow, more); install metaflow==2.19.39"
    )


def test_a_metaflow_that_lacks_something_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(TimeoutDecorator, "_sigalrm_handler")
    with pytest.raises(metaflow_patches.UnsupportedMetaflow, match=r"TimeoutDecorator\._sigalrm_handler does not exist"):
        metaflow_patches.check()


def test_a_flow_does_not_run_with_a_metaflow_that_is_refused(platform: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    patch = "import metaflow.task; del metaflow.task.MAX_ATTEMPTS; metaflow.task.__getattr__ = lambda name: 1 / 0\n"
    (tmp_path / "site" / "sitecustomize.py").write_text(patch.replace("1 / 0", "(_ for _ in ()).throw(AttributeError(name))"))
    flow = "from metaflow import FlowSpec, step\nclass F(FlowSpec):\n    @step\n    def start(self):\n        pass\nF()\n"
    p = platform(flow, {"start": {"next": {"end": True}}}, start="start", end="start")
    p.environment["PYTHONPATH"] = str(tmp_path / "site")
    message = p.invoke()["error"]["message"]
    assert "is not supported: metaflow.task.MAX_ATTEMPTS does not exist; install metaflow==2.19.39" in message


# ---------------------------------------------------------------------- patches of the loader


def test_the_flow_file_is_left_with_the_flow_and_before_the_command_line() -> None:
    original = FlowSpec.__init__
    with metaflow_patches.captured_flow() as captured:
        F()
        raise AssertionError("the flow file continues")
    assert [type(flow) for flow in captured] == [F]
    assert FlowSpec.__init__ is original


def test_metaflow_makes_its_graph_with_what_replaces_its_traversal(monkeypatch: pytest.MonkeyPatch) -> None:
    metaflow_patches.visit_steps_once()
    graph = FlowGraph(F)
    assert graph.sorted_nodes == ["start", "end"]
    assert graph["end"].in_funcs == ["start"]
    steps, structure = graph.output_steps()
    assert steps.keys() == {"start", "end"} and structure == ["start", "end"]


def test_metaflows_command_line_stops_at_the_step_with_our_storage(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(
        textwrap.dedent(
            """
            from metaflow import FlowSpec, step
            class G(FlowSpec):
                @step
                def start(self):
                    self.next(self.end)
                @step
                def end(self):
                    raise AssertionError
            G()
            """
        )
    )

    def child() -> None:
        from nuvopipe_runtime.execution.loader import enter_cli

        os.environ |= {"METAFLOW_DATASTORE_SYSROOT_S3": "s3://bucket/root", "METAFLOW_USER": "tester"}
        metaflow_patches.reload_configuration()
        path = str(tmp_path / "flow.py")
        sys.argv = [path]
        module = type(sys)("__main__")
        module.__file__ = path
        sys.modules["__main__"] = module
        with metaflow_patches.captured_flow() as captured:
            exec(compile(Path(path).read_text(), path, "exec"), vars(module))
        context = enter_cli(captured[0], path)
        needed = (
            "flow",
            "graph",
            "flow_datastore",
            "metadata",
            "environment",
            "echo",
            "event_logger",
            "monitor",
            "config_options",
        )
        for name in needed:
            getattr(context, name)
        assert isinstance(context.flow_datastore._storage_impl, SupervisedStorage)

    assert in_fork(child) == ""


def test_settings_are_read_again_in_every_module_that_has_them() -> None:
    import metaflow.metadata_provider  # noqa: F401  # one of many with a copy

    def child() -> None:
        from metaflow import metaflow_config
        from metaflow.plugins.datastores import s3_storage

        os.environ["METAFLOW_DATASTORE_SYSROOT_S3"] = "s3://another/root"
        metaflow_patches.reload_configuration()
        assert metaflow_config.DATASTORE_SYSROOT_S3 == "s3://another/root"
        assert s3_storage.DATASTORE_SYSROOT_S3 == "s3://another/root"

    assert in_fork(child) == ""


def test_metaflows_client_finds_a_metadata_provider_that_is_offered_later() -> None:
    from metaflow import plugins

    from metaflow_extensions.nuvopipe.plugins.records_metadata.provider import RecordsMetadata

    others = [each for each in plugins.METADATA_PROVIDERS if each.TYPE != "nuvopipe"]
    plugins.METADATA_PROVIDERS[:] = others
    for _ in range(2):
        metaflow_patches.offer_metadata(RecordsMetadata)
    assert plugins.METADATA_PROVIDERS == [*others, RecordsMetadata]

    def child() -> None:
        assert metaflow.metadata("nuvopipe@s3://bucket/root") == "nuvopipe@s3://bucket/root"

    assert in_fork(child) == ""


def test_facts_about_the_machine_are_gathered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = MetaflowEnvironment(None)
    expected = environment.get_environment_info()
    metaflow_patches.remember_environment(environment)
    monkeypatch.setattr(MetaflowEnvironment, "get_environment_info", lambda *_, **__: 1 / 0)
    assert environment.get_environment_info() == expected
    assert environment.get_environment_info(include_ext_info=True).keys() >= expected.keys()


# ---------------------------------------------------------------------- patches of a task


def test_inputs_open_from_their_records_without_a_request() -> None:
    store = FlowDataStore("F", MetaflowEnvironment(None), storage_impl=SupervisedStorage, ds_root="s3://bucket/root")
    paths = [f"r/start/t-{index}/3" for index in range(6)]
    records = {path: {"objects": {"x": f"{index:040d}"}, "info": {}} for index, path in enumerate(paths)}
    metaflow_patches.open_only(store, InputRecords(records))  # type: ignore[arg-type]
    opened = store.get_task_datastores(pathspecs=paths)
    assert [(each.task_id, each.attempt, each._objects["x"]) for each in opened] == [
        (f"t-{index}", 3, f"{index:040d}") for index in range(6)
    ]


def test_the_flow_is_seen_before_its_artifacts_are_persisted(tmp_path: Path) -> None:
    store = FlowDataStore("F", MetaflowEnvironment(None), storage_impl=LocalStorage, ds_root=str(tmp_path))
    output = store.get_task_datastore("r", "start", "t", attempt=0, mode="w")
    output.init_task()
    flow = F(use_cli=False)
    flow.x = 5
    seen: list[int] = []
    metaflow_patches.before_persist(lambda flow: seen.append(flow.x))
    output.persist(flow)
    assert seen == [5]
    assert not hasattr(flow, "x"), "Metaflow keeps artifacts: outputs could be taken afterwards"


def test_a_join_counts_only_the_inputs_that_it_gets(tmp_path: Path) -> None:
    frame = ForeachFrame("start", "item", 5, 0, "a")
    task = written(tmp_path, _foreach_stack=[frame], other=[frame])
    metaflow_patches.expect_only(2)
    assert [each.num_splits for each in task["_foreach_stack"]] == [2]
    assert [each.num_splits for each in task["other"]] == [5]


def run_attempt(number: int) -> BaseException:
    """Returns Metaflow's error for an attempt of a task without inputs."""

    class Metadata:
        def register_run_id(self, *_: object) -> None: ...

        def register_task_id(self, *_: object) -> None: ...

    task = MetaflowTask(F(use_cli=False), None, Metadata(), None, None, None, None, None)
    with pytest.raises(Exception) as refused:
        task.run_step("start", "r", "t", None, [], None, number, number)
    return refused.value


def test_more_than_six_attempts_are_allowed() -> None:
    refusal = run_attempt(6)
    assert isinstance(refusal, MetaflowInternalError) and "Too many task attempts" in str(refusal)
    metaflow_patches.allow_attempts(7)
    assert not isinstance(run_attempt(6), MetaflowInternalError)
    assert isinstance(run_attempt(7), MetaflowInternalError)


def test_secret_parameters_come_with_the_task_and_others_from_the_datastore(tmp_path: Path) -> None:
    class G(F):
        pass

    parameters = written(tmp_path, n=7, token=None)
    flow = G(use_cli=False)
    task = metaflow_patches.task_with_secrets({"token": "swordfish"})(flow, None, None, None, None, None, None, None)
    task._init_parameters(parameters, passdown=False)
    assert (flow.n, flow.token) == (7, "swordfish")
    assert isinstance(G.token, property), "Metaflow persists what is no property of the class"
    with pytest.raises(AttributeError, match="not modifiable"):
        flow.token = "other"


def test_a_file_that_was_read_when_the_run_began_is_not_read_again() -> None:
    metaflow_patches.task_with_secrets({})
    assert IncludeFile("file").load_parameter("its content") == "its content"


def test_a_caught_exception_holds_no_secret() -> None:
    metaflow_patches.mask_exceptions(["swordfish"])
    try:
        raise ValueError("no swordfish here")
    except ValueError as error:
        caught = MetaflowExceptionWrapper(error)
    assert caught.exception == "no *** here"
    assert "swordfish" not in str(caught) and "ValueError: no *** here" in str(caught)
    assert MetaflowExceptionWrapper(MemoryError()).exception == "out of memory"


def catch(exception: BaseException, attempt: int, retries: int) -> tuple[bool, FlowSpec]:
    decorator = CatchDecorator(attributes={"var": "problem", "print_exception": False})
    flow = F(use_cli=False)
    return decorator.task_exception(exception, "start", flow, flow._graph, attempt, retries), flow


def test_a_failure_that_is_not_to_be_repeated_is_caught_at_once() -> None:
    metaflow_patches.catch_at_once(["KeyError"], lambda error: [type(error).__name__])
    assert catch(KeyError("x"), 0, 2)[0] is False
    caught, flow = catch(ValueError("x"), 0, 2)
    assert caught is True
    assert flow.problem.exception == "x" and flow._transition == (["end"], None)


def test_the_fallback_of_catch_says_how_the_task_failed() -> None:
    assert "Your code did not raise an exception" in str(FailureHandledByCatch(3).message)
    metaflow_patches.catch_failure("the container was lost")
    assert FailureHandledByCatch(3).message == "the container was lost"
    fallback = CatchDecorator(attributes={}).task_decorate(None, None, None, 3, 2, None)
    with pytest.raises(FailureHandledByCatch, match="the container was lost"):
        fallback()


def test_a_timeout_names_the_step_and_its_limit() -> None:
    decorator = TimeoutDecorator(attributes={"hours": 0, "minutes": 0, "seconds": 60})
    decorator.init()
    metaflow_patches.say_time_limit(1500)
    before = signal.getsignal(signal.SIGALRM)
    try:
        decorator.task_pre_step("start", None, None, "r", "t", None, None, 0, 0, None, [])
        with pytest.raises(TimeoutException, match=r"start took longer than 1\.5 s"):
            signal.raise_signal(signal.SIGALRM)
    finally:
        decorator.task_post_step("start", None, None, 0, 0)
        signal.signal(signal.SIGALRM, before)
