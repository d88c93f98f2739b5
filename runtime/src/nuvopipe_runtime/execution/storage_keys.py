"""Keys of Metaflow's content-addressed artifacts: the only objects that a task can reach through the supervisor."""

import re

from ..contract import layout

_ARTIFACT_KEY = re.compile(r"^[^/]+/data/[0-9a-f]{2}/[0-9a-f]{40}$")


def key_of(flow: str, sha: str) -> str:
    return layout.artifact_key(flow, sha[:2], sha)


def is_artifact_key(path: str) -> bool:
    return _ARTIFACT_KEY.match(path) is not None


def artifact_key(path: str) -> str:
    """Returns the path. Raises ValueError if it is not the key of an artifact."""
    if not is_artifact_key(path):
        raise ValueError(f"not the key of an artifact: {path[:200]!r}")
    return path
