"""Finds the files of parameters."""

from __future__ import annotations

import os


def _beside(path: str) -> str:
    """Returns the path of a file in the same folder as this one."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), path)
