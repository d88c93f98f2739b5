"""Runs the step action of a flow as a conductor would, one activation after the other, against a real S3; it waits for nothing.

Reads `{"store": StoreSettings, "runs": [{"run", "params", "components"?}]}`; after `components` a run is left as it is.
"""

import json
import os
import sys

job = json.load(sys.stdin)
os.environ["__OW_API_HOST"] = "http://127.0.0.1:1"

from nuvopipe_runtime.action import main  # noqa: E402

with open("flow/plan.json") as file:
    plan = json.load(file)
start = plan["start"]
block = plan["steps"][start]["block"]

results = {}
for each in job["runs"]:
    envelope = {"run": each["run"], "block": block, "step": start, "at": [], "home": True, "answerWithin": 0}
    envelope["params"] = each["params"]
    for _ in range(each.get("components", 100)):
        envelope = main({**envelope, "store": job["store"], "user": "ada"})
        if "block" not in envelope:
            break
        envelope.pop("wait", None)
    results[each["run"]] = envelope
print(json.dumps(results), file=os.fdopen(int(sys.argv[1]), "w"))
