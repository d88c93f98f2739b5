"""An object store as a pure function of its contents; `test_objects.py` keeps it equal to the runtime's own store."""

from __future__ import annotations

from typing import Any


def perform(
    content: dict[str, bytes], operation: str, key: str, data: bytes | None = None, seen: bytes | None = None
) -> tuple[Any, Any]:
    """`(content, answer)` of a request to a store whose objects are `content`, by key.

    Contents serve as ETags: `replace` takes place when the object is the one that was `seen`. `write` is a PUT without
    a condition. The content is the same object where nothing has changed.
    """
    match operation:
        case "get":
            return content, content.get(key)
        case "exists":
            return content, key in content
        case "list":
            return content, tuple(sorted(other for other in content if other.startswith(key)))
        case "delete":
            return {other: data for other, data in content.items() if other != key}, True
        case "create" if key in content:
            return content, False
        case "replace" if key not in content or content[key] != seen:
            return content, False
        case "put" | "write" | "create" | "replace":
            return {**content, key: data}, True
    raise ValueError(operation)
