"""`python -m tests.faults REQUEST…` runs flows with faults; each request is JSON and is answered by a line of JSON.

A request names the `folder` of the compiled flows and the `flow`; `scenario`, and whether tasks are `real`, are explained in
`Matrix`. It asks for all faults or a sample (`every`, `seed`), for `known` ones, or for `runs` with random faults.
`only`, a call and a kind, prints the calls of one case.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

from .matrix import Matrix, chaos, every_call, known

LOSSES_SHOWN = 5


def main(request: dict[str, Any]) -> Any:
    matrix = Matrix(request["folder"], request["flow"], request.get("scenario", "run"), request.get("real", False))
    seed = request.get("seed", 0)
    try:
        if "only" in request:
            return tell(matrix, *request["only"])
        if "known" in request:
            tally = known(matrix, request["known"])
        elif "runs" in request:
            tally = chaos(matrix, request["runs"], seed)
        else:
            tally = every_call(matrix, request.get("every", 1), seed)
    finally:
        matrix.close()
    losses = tally.losses[:LOSSES_SHOWN]
    print(json.dumps({"calls": len(matrix.calls), "ends": tally.ends, "faults": tally.faults, "losses": losses}), flush=True)


def tell(matrix: Matrix, call: int, kind: str) -> None:
    ended, found, world = matrix.case(call, kind)
    for number, each in enumerate(world.calls[world.begun :]):
        print(number, *each, "<==" if number == call else "")
    print(ended, *found, *world.given_up, sep="\n")


if __name__ == "__main__":
    threading.excepthook = lambda failure: None  # threads of a killed container end with an exception
    for argument in sys.argv[1:]:
        main(json.loads(argument))
