"""A step action that cannot load its runtime answers with the reason."""

from __future__ import annotations

import runpy
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


MAIN = Path(__file__).resolve().parents[3] / "actions" / "step.py"


def test_an_action_that_cannot_start_says_why_in_its_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(MAIN, tmp_path / "__main__.py")
    package = tmp_path / "nuvopipe_runtime"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "action.py").write_text("import no_such_library")
    for name in [name for name in sys.modules if name.startswith("nuvopipe_runtime")]:
        monkeypatch.delitem(sys.modules, name)
    main = runpy.run_path(str(tmp_path / "__main__.py"))["main"]
    assert main({}) == {"error": "the step action cannot start: ModuleNotFoundError: No module named 'no_such_library'"}
