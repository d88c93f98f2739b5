"""A warm process imports libraries ahead of its tasks, unless they do not survive a fork."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixture_types import MakeFlow


FLOW = """
    import logic as _logic
    from metaflow import FlowSpec, step


    class F(FlowSpec):
        @step
        def start(self):
            self.first = _logic.look()
            self.next(self.end)

        @step
        def end(self):
            self.second = _logic.look()
            self.log = _logic.said()

    if __name__ == "__main__":
        F()
    """
STEPS = {"start": {"next": {"step": "end"}}, "end": {"next": {"end": True}}}
PLAN = {"start": "start", "end": "end", "outputs": ["first", "second"]}

LOGIC = """
    import os
    import library

    def look():
        return [library.PID == os.getpid(), library.works()]

    def said():
        return None
    """

COMMON = """
    import os, threading
    PID = os.getpid()
    def works():
        return True
    """
LIBRARIES = {
    "quiet": "",
    "prints": "print('library loaded')",
    "warns": "import warnings; warnings.warn('library is old')",
    "starts a thread": "WORKER = threading.Thread(target=threading.Event().wait, daemon=True); WORKER.start()",
    "keeps a file open": "KEPT = open('/dev/null')",
    "crashes outside of a task": "'.work' in os.getcwd() or os.abort()",
    "fails outside of a task": "os.remove(os.path.join(os.getcwd(), 'flow.yaml')) if '.work' in os.getcwd() else 1 / 0",
}
SHARED = {"quiet"}


@pytest.mark.parametrize("kind", LIBRARIES)
def test_a_library_is_imported_ahead_if_a_fork_survives_it(platform: MakeFlow, tmp_path: Path, kind: str) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "library.py").write_text(textwrap.dedent(COMMON) + LIBRARIES[kind] + "\n")
    p = platform(FLOW, STEPS, **PLAN)
    (tmp_path / "logic.py").write_text(textwrap.dedent(LOGIC))
    p.environment |= {"PYTHONPATH": str(site)}
    result = p.invoke()
    assert result["status"] == "succeeded", result
    own = kind not in SHARED
    assert result["outputs"] == {"first": [own, True], "second": [own, True]}
    logs = b"".join(p.store.get(key)[0] for key in p.store.list("F/r1/end/") if key.endswith(".log"))
    assert (b"library loaded" in logs) == (kind == "prints")
    assert (b"library is old" in logs) == (kind == "warns")


def test_a_step_may_name_places_to_import_from(platform: MakeFlow, tmp_path: Path) -> None:
    for name in ("site", "more"):
        (tmp_path / name).mkdir()
    (tmp_path / "site" / "library.py").write_text(textwrap.dedent(COMMON))
    (tmp_path / "more" / "extra.py").write_text("X = 5\n")
    steps = {**STEPS, "start": {**STEPS["start"], "vars": {"PYTHONPATH": "more"}}}
    p = platform(FLOW, steps, **PLAN)
    (tmp_path / "logic.py").write_text(
        "import os\ndef look():\n    import library\n    try:\n        import extra\n    except ImportError:\n"
        "        return None\n    return extra.X\ndef said(): return None\n"
    )
    p.environment |= {"PYTHONPATH": str(tmp_path / "site")}
    p.invoke()
    assert p.result().get("outputs") == {"first": 5, "second": None}, p.result()


def test_a_module_that_the_flow_lacks_is_the_failure_of_the_step_that_wants_it(platform: MakeFlow, tmp_path: Path) -> None:
    p = platform(FLOW, STEPS, **PLAN)
    (tmp_path / "logic.py").write_text("import no_such_library\n")
    result = p.invoke()
    assert result["error"]["step"] == "start"
    assert result["error"]["message"] == "ModuleNotFoundError: No module named 'no_such_library' (logic.py:1)"
