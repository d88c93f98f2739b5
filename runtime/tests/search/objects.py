"""An object store as a pure function of its contents; `test_objects.py` compares it with the runtime's own store."""

from __future__ import annotations

from typing import Any


def perform(
    content: dict[str, bytes], operation: str, key: str, data: bytes | None = None, seen: bytes | None = None
) -> tuple[Any, Any]:
    """Returns `(content, answer)` of a request to a store with the objects `content`, by key.

    Contents serve as ETags: `replace` succeeds if the object equals `seen`. `write` is a PUT without a condition. If nothing
    changes, the returned content is the same Python object.
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
