"""The runtime reads the files in `schemas/golden`, which `golden.test.ts` reads too."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import ValidationError

from nuvopipe_runtime.contract.parse_key import parse_key
from nuvopipe_runtime.contract.versions import OtherVersion
from nuvopipe_runtime.envelope import checked
from nuvopipe_runtime.plan import Plan
from nuvopipe_runtime.store import parse_record
from tests.plans import check_format
from tests.recording import GOLDEN, RUNS, plan_folder, record, write

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = os.environ.get("NUVOPIPE_RECORD") == "1"
"""Whether to write the recordings instead of comparing them."""

FLOWS = sorted(path.name for path in (GOLDEN / "plans").iterdir())

FORMATS = {
    "run": ("records", "RunRecord"),
    "commit": ("records", "TaskRecord"),
    "failed_attempt": ("records", "TaskRecord"),
    "live": ("records", "LiveRecord"),
    "guard": ("records", "ClaimRecord"),
    "pool_claim": ("records", "ClaimRecord"),
    "pool_join": ("records", "ClaimRecord"),
    "pool_open": ("records", "PoolRecord"),
    "child": ("records", "ChildRecord"),
    "slot": ("records", "SlotRecord"),
    "cache_entry": ("records", "CacheEntry"),
    "failed": ("envelope", "RunFailure"),
    "failed_item": ("envelope", "RunFailure"),
    "result": ("envelope", "RunResult"),
}
"""Formats of records: schema and definition, by the name of their keys."""


def recorded(kind: str, name: str) -> Any:
    return json.loads((GOLDEN / kind / f"{name}.json").read_text())


def all_recorded(kind: str) -> list[Any]:
    return [recorded(kind, name) for name in RUNS]


def records_by_format() -> dict[tuple[str, str], list[tuple[str, Any]]]:
    """Returns `(key, record)` by format. Leaves out keys that do not belong to records."""
    found: dict[tuple[str, str], list[tuple[str, Any]]] = {}
    for records in all_recorded("records"):
        for key, value in records.items():
            parsed = parse_key(key)
            assert parsed is not None, key
            if parsed[0] in FORMATS:
                found.setdefault(FORMATS[parsed[0]], []).append((key, value))
    return found


def envelopes() -> list[Any]:
    return [each[side] for run in all_recorded("envelopes") for each in run for side in ("given", "answered")]


def wrong(value: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Yields `(field, copy)` for each field. In the copy, the field has a value of a type that no field has."""
    return [(field, {**value, field: [{}]}) for field in value]


@pytest.mark.parametrize("flow", FLOWS)
def test_a_compiled_plan_is_read(flow: str) -> None:
    plan = Plan(str(plan_folder(flow)))
    check_format("plan", plan.raw)
    assert plan.start in plan.steps and plan.end in plan.steps
    for step in plan.steps:
        assert plan.profile(step) in plan.profiles


@pytest.mark.parametrize("flow", FLOWS)
def test_a_plan_with_a_wrong_field_is_refused(flow: str, tmp_path: Path) -> None:
    plan = Plan(str(plan_folder(flow))).raw
    for field, changed in wrong(dict(plan)):
        with pytest.raises(ValidationError):
            check_format("plan", changed)
            pytest.fail(field)
    (tmp_path / "plan.json").write_text(json.dumps({**plan, "version": 2}))
    with pytest.raises(OtherVersion):
        Plan(str(tmp_path))


def test_recorded_envelopes_are_read() -> None:
    for each in envelopes():
        check_format("envelope", each)
        assert checked(each).items() <= each.items()


def test_an_envelope_with_a_wrong_field_is_refused() -> None:
    for each in envelopes():
        for field, changed in wrong(each):
            with pytest.raises(ValidationError):
                check_format("envelope", changed)
                pytest.fail(field)
        for changed in ({**each, "version": 2}, {**each, "unknown": True}):
            with pytest.raises(OtherVersion):
                checked(changed)


@pytest.mark.parametrize("format", sorted(set(FORMATS.values())))
def test_recorded_records_are_read(format: tuple[str, str]) -> None:
    records = records_by_format()[format]
    for key, each in records:
        check_format(format[0], each, format[1])
        assert parse_record(key, json.dumps(each).encode()) == each


@pytest.mark.parametrize("format", sorted(set(FORMATS.values())))
def test_a_record_with_a_wrong_field_is_refused(format: tuple[str, str]) -> None:
    for key, each in records_by_format()[format]:
        for field, changed in wrong(each):
            with pytest.raises(ValidationError):
                check_format(format[0], changed, format[1])
                pytest.fail(field)
        with pytest.raises(OtherVersion):
            parse_record(key, json.dumps({**each, "version": 2}).encode())


def shape(records: dict[str, Any]) -> dict[str, list[str]]:
    """The fields of each record, by key."""
    return {key: sorted(each) for key, each in records.items()}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_writes_the_recorded_records(name: str, tmp_path: Path) -> None:
    envelopes, records = record(name, tmp_path)
    if RECORDS:
        write(name, envelopes, records)
    assert shape(records) == shape(recorded("records", name))
    blocks = {each["given"]["block"] for each in recorded("envelopes", name)}
    assert {each["given"]["block"] for each in envelopes} == blocks
