"""Versions of formats. A new optional key does not make a new version; any other change does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class OtherVersion(Exception):
    """What was read is of a version of its format that this version of nuvopipe does not read."""


def check_version(what: str, value: Mapping[str, Any], known: int) -> None:
    """Raises `OtherVersion`. `what` names the value in the message; a value that has no version is of the first one."""
    version = value.get("version", 1)
    if version != known:
        raise OtherVersion(f"{what} has version {version!r} of its format; this version of nuvopipe reads {known}")
