"""The main program of the sweeper action. Everything else is in `nuvopipe_runtime.sweeper`."""

import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)

vendored = os.path.join(here, "vendor")
if os.path.isdir(vendored):  # a stock image has no obstore, so deploying to a cluster packs it beside this file
    sys.path.insert(1, vendored)

from nuvopipe_runtime.sweeper import main  # noqa: E402, F401
