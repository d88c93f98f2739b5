"""Metaflow's client over the records, in threads, in forks of a process that has used it, and in new interpreters.

Its argument is the folder of the runtime; the environment says where the datastore is.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

if len(sys.argv) > 1:
    sys.path.insert(0, sys.argv[1])
    os.environ["PYTHONPATH"] = sys.argv[1]

from metaflow import Run, Task, namespace, parallel_map

namespace(None)
READERS = 12


def read(number):
    run = Run("SampleFlow/good")
    task = Task(f"SampleFlow/good/shout/t-{number % 3}")
    return [run.data.shouted, task.data.loud, task.stdout]


def tag(number):
    Run("SampleFlow/good").add_tag(f"tag-{number}")


if len(sys.argv) == 1:
    print(json.dumps(read(1)))
    sys.exit()
expected = [read(number) for number in range(3)]
with ThreadPoolExecutor(8) as pool:
    in_threads = list(pool.map(read, range(READERS)))
    list(pool.map(tag, range(8)))
in_forks = parallel_map(read, range(3), max_parallel=3)
in_a_new_one = json.loads(subprocess.check_output([sys.executable, __file__]))
wanted = [expected[number % 3] for number in range(READERS)]
print(
    json.dumps(
        {
            "texts": expected[1],
            "threads": in_threads == wanted,
            "forks": in_forks == expected,
            "interpreter": in_a_new_one == expected[1],
            "tags": sorted(tag for tag in Run("SampleFlow/good").user_tags if tag.startswith("tag-")),
        }
    )
)
