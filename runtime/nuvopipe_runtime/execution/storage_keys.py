"""Which keys a task may touch through the supervisor: Metaflow's content-addressed artifacts, nothing else."""

import re

_ARTIFACT_KEY = re.compile(r"^[^/]+/data/[0-9a-f]{2}/[0-9a-f]{40}$")


def is_artifact_key(path):
    return _ARTIFACT_KEY.match(path) is not None


def artifact_key(path):
    if not is_artifact_key(path):
        raise ValueError(f"not the key of an artifact: {path[:200]!r}")
    return path
