"""The main program of the step action, called by OpenWhisk's Python runtimes. Everything else is in `nuvopipe_runtime`."""

import os
import sys
from typing import Any

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)

vendored = os.path.join(here, "vendor")
if os.path.isdir(vendored):  # a stock image has no Metaflow, so deploying to a cluster packs it beside this file
    sys.path.insert(1, vendored)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [vendored, os.environ.get("PYTHONPATH")]))

try:
    from nuvopipe_runtime.action import main
except Exception as error:  # the activation has no log for the traceback
    problem = f"the step action cannot start: {type(error).__name__}: {error}"[:300]

    def main(arguments: dict[str, Any]) -> dict[str, Any]:
        return {"error": problem}
