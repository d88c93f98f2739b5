"""Plans for tests of one part of the protocol. They are written by hand and checked against the plan's format."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from referencing import Registry, Resource

SCHEMAS = Path(__file__).parents[2] / "schemas"

STEP = {"block": "b1", "profile": "p", "timeoutMs": 20_000, "within": []}
PROFILES = {"p": {"memoryMB": 256, "timeLimitMs": 60_000}}


def plan_of(steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Makes the plan of a flow named F. The test passes only the keys that matter to it."""
    plan = {
        "version": 1,
        "hash": "0" * 64,
        "flow": "F",
        "tags": [],
        "start": "start",
        "end": "end",
        "parameters": {},
        "outputs": [],
        "steps": {name: {**STEP, **step} for name, step in steps.items()},
        "pools": {},
        "loops": {},
        "profiles": PROFILES,
        "source": {"name": "flow.yaml", "file": "flow.yaml"},
        "sourceMap": {},
        **more,
    }
    check_format("plan", plan)
    return plan


def check_format(format: str, value: Any, definition: Any = None) -> None:
    """Raises `ValidationError` if a value does not match `schemas/<format>.v1.schema.json`."""
    validator(format, definition).validate(value)


@cache
def validator(format: str, definition: Any) -> Any:
    names = ("plan", "manifest", "envelope", "records")
    schemas = {name: json.loads((SCHEMAS / f"{name}.v1.schema.json").read_text()) for name in names}
    registry = Registry().with_resources((schema["$id"], Resource.from_contents(schema)) for schema in schemas.values())
    where = schemas[format]["$id"] + (f"#/definitions/{definition}" if definition else "")
    return Draft7Validator({"$ref": where}, registry=registry)
