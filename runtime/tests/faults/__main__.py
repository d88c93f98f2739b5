"""`python -m tests.faults REQUEST…`: each names, in JSON, the `folder` of compiled flows, a `flow` and what to do to it.

`scenario` and whether tasks are `real` are for `Matrix`; then all faults, or one of so many (`every`, `seed`); those that are
`known`; or so many `runs` of chaos. `only`, a call and a kind, tells the calls of one case. A line of JSON answers each.
"""

import json
import sys
import threading

from .matrix import Matrix, chaos, every_call, known

LOSSES_SHOWN = 5


def main(request):
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


def tell(matrix, call, kind):
    ended, found, world = matrix.case(call, kind)
    for number, each in enumerate(world.calls[world.begun :]):
        print(number, *each, "<==" if number == call else "")
    print(ended, *found, *world.given_up, sep="\n")


if __name__ == "__main__":
    threading.excepthook = lambda failure: None  # threads of a container that is killed have nothing to say
    for argument in sys.argv[1:]:
        main(json.loads(argument))
