from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from metaflow.exception import MetaflowNotFound, MetaflowTaggingError

from metaflow_extensions.nuvopipe.plugins.records_metadata import own_task
from metaflow_extensions.nuvopipe.plugins.records_metadata.provider import Reader, RecordsMetadata
from nuvopipe_runtime.contract.layout import RunLayout
from nuvopipe_runtime.contract.versions import OtherVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


RUN = {
    "flow": "F",
    "run": "r",
    "created": 1000,
    "user": "ada",
    "tags": ["kept"],
    "system_tags": ["user:ada"],
}
LAYOUT = RunLayout("F", "r")


class Objects:
    """`objects.Objects` in memory; the object itself is its ETag."""

    def __init__(self) -> None:
        self.objects = {}

    def get(self, key: str) -> tuple[bytes, bytes] | None:
        found = self.objects.get(key)
        return None if found is None else (found, found)

    def replace(self, key: str, data: bytes, e_tag: bytes) -> bool:
        if self.objects.get(key) != e_tag:
            return False
        self.objects[key] = data
        return True

    def keys(self, prefix: str) -> Iterator[Any]:
        return (key for key in sorted(self.objects) if key.startswith(prefix))

    def folders(self, prefix: str) -> Any:
        names = (key[len(prefix) :].partition("/") for key in self.keys(prefix))
        return iter(dict.fromkeys(name for name, slash, _ in names if slash))


@pytest.fixture
def objects() -> Objects:
    return Objects()


@pytest.fixture
def ask(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Asks like Metaflow's client: `ask("run", "step", "F", "r")`."""
    reader = Reader("s3://bucket/root")
    monkeypatch.setattr(reader, "_objects", objects)
    monkeypatch.setattr(reader.records, "_objects", objects)
    monkeypatch.setattr(RecordsMetadata, "_reader", lambda: reader)
    objects.objects[LAYOUT.run] = json.dumps(RUN).encode()
    return lambda of, what, *path, attempt=None: RecordsMetadata.get_object(of, what, None, attempt, *path)


def put(objects: Objects, step: str, task: str, name: str, attempt: int = 0, **more: Any) -> None:
    record = {"step": step, "task": task, "attempt": attempt, "started": 2000, "ended": 3000, "ok": True}
    record |= {"objects": {"x": "sha"}, "info": {}, "metadata": []}
    objects.objects[LAYOUT.task_prefix(step, task) + name] = json.dumps(record | more).encode()


def test_a_listing_leaves_out_what_is_not_a_record(ask: Callable[..., Any], objects: Objects) -> None:
    objects.objects[RunLayout("F", "broken").run] = b"{"
    objects.objects[RunLayout("F", "odd").run] = b"[]"
    put(objects, "a", "t", "commit")
    objects.objects[LAYOUT.commit("b", "t")] = b"\xff"
    assert [run["run_number"] for run in ask("flow", "run", "F")] == ["r"]
    assert ask("run", "self", "F", "broken") is None
    assert [step["step_name"] for step in ask("run", "step", "F", "r")] == ["a"]


def test_a_run_of_another_version_is_refused_by_name_and_missing_in_a_listing(
    ask: Callable[..., Any], objects: Objects
) -> None:
    objects.objects[RunLayout("F", "later").run] = json.dumps({**RUN, "run": "later", "version": 2}).encode()
    assert [view["run_number"] for view in ask("flow", "run", "F")] == ["r"]
    with pytest.raises(OtherVersion, match="the record of F/later has version 2"):
        ask("run", "self", "F", "later")


def test_the_own_task_is_there_before_it_has_a_record(
    ask: Callable[..., Any], objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(objects, "a", "t", "commit")
    monkeypatch.setenv(own_task.VARIABLE, "")
    metadata = []
    own_task.begin("F", "r", "b", "t-1", 1, metadata)
    put(objects, "b", "t-1", "failed-0", ok=False)
    metadata.append({"field_name": "attempt", "value": "1", "type": "attempt", "tags": [], "ts_epoch": 5})
    assert [step["step_name"] for step in ask("run", "step", "F", "r")] == ["a", "b"]
    assert [task["task_id"] for task in ask("step", "task", "F", "r", "b")] == ["t-1"]
    assert ask("task", "artifact", "F", "r", "b", "t-1") == []
    assert [artifact["name"] for artifact in ask("task", "artifact", "F", "r", "b", "t-1", attempt=0)] == ["x"]
    values = {datum["field_name"]: datum["value"] for datum in ask("task", "metadata", "F", "r", "b", "t-1")}
    assert values == {
        "attempt": "1",
        "ds-type": "s3",
        "ds-root": "s3://bucket/root",
        "attempt_ok": "False",
        "attempt-done": "0",
    }
    put(objects, "b", "t-1", "commit", attempt=1)
    assert [artifact["name"] for artifact in ask("task", "artifact", "F", "r", "b", "t-1")] == ["x"]


def test_the_own_task_is_in_its_own_run_alone(ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(own_task.VARIABLE, "")
    own_task.begin("F", "another", "b", "t", 0, [])
    assert ask("run", "step", "F", "r") == []
    assert ask("task", "self", "F", "r", "b", "t") is None


def test_tags_that_others_change_at_the_same_time_are_kept(ask: Callable[..., Any], objects: Objects) -> None:
    replace = objects.replace

    def another_was_faster(key: str, data: bytes, e_tag: str | None) -> Any:
        objects.replace = replace
        objects.objects[key] = json.dumps({**RUN, "tags": ["kept", "theirs"]}).encode()
        return replace(key, data, e_tag)

    objects.replace = another_was_faster
    assert RecordsMetadata.mutate_user_tags_for_run("F", "r", [], ["mine", "user:ada"]) == {"kept", "mine", "theirs"}
    assert RecordsMetadata.mutate_user_tags_for_run("F", "r", ["kept"], ["kept"]) == {"kept", "mine", "theirs"}
    assert json.loads(objects.objects[LAYOUT.run])["user"] == "ada"


def test_system_tags_stay_and_a_run_must_exist(ask: Callable[..., Any]) -> None:
    with pytest.raises(MetaflowTaggingError, match="system tags cannot be removed: user:ada"):
        RecordsMetadata.mutate_user_tags_for_run("F", "r", ["user:ada"], [])
    with pytest.raises(MetaflowNotFound):
        RecordsMetadata.mutate_user_tags_for_run("F", "none", [], ["x"])


def test_another_datastore_is_named_by_its_root() -> None:
    assert RecordsMetadata.compute_info("s3://bucket/root/") == "s3://bucket/root"
    with pytest.raises(ValueError, match="nuvopipe@/tmp is not the root of a datastore"):
        RecordsMetadata.compute_info("/tmp")


@pytest.mark.parametrize(
    "content", [b"not JSON", b"[]", b"{}", b'"text"', b"", b'{"flow": "F", "run": "odd", "created": "then"}']
)
def test_an_object_that_is_not_a_record_is_skipped(ask: Callable[..., Any], objects: Objects, content: bytes) -> None:
    put(objects, "start", "t", "commit")
    objects.objects[RunLayout("F", "odd").run] = content
    objects.objects[RunLayout("Odd", "r").run] = content
    objects.objects[LAYOUT.commit("start", "odd")] = content
    assert [run["run_number"] for run in ask("flow", "run", "F")] == ["r"]
    assert ask("flow", "run", "Odd") == []
    assert ask("run", "self", "F", "odd") is None
    assert [task["task_id"] for task in ask("step", "task", "F", "r", "start")] == ["t"]
    assert ask("task", "self", "F", "r", "start", "odd") is None


def test_a_pickled_object_of_the_client_is_read_with_the_metadata_of_its_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RecordsMetadata, "_INFO", "s3://bucket/root")
    description = RecordsMetadata.metadata_str()
    assert description == "nuvopipe@s3://bucket/root"
    assert pickle.loads(pickle.dumps([description, 1])) == ["", 1]
