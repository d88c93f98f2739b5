"""Sends a task the descriptions of its inputs. Inputs from one step mostly share descriptions, so each is sent once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..contract.formats import ArtifactInfo, DroppedInfo, TaskRecord
    from .request import InputFacts, Request, ToldInput


class ToldInputs(TypedDict):
    """The part of a request that describes the inputs."""

    inputs: list[ToldInput]
    descriptions: list[ArtifactInfo | DroppedInfo]


def tell(records: Iterable[TaskRecord]) -> ToldInputs:
    """Returns the part of a request that describes the tasks of these records."""
    numbers: dict[int, int] = {}
    descriptions: list[ArtifactInfo | DroppedInfo] = []

    def number(description: ArtifactInfo | DroppedInfo) -> int:
        if id(description) not in numbers:
            numbers[id(description)] = len(descriptions)
            descriptions.append(description)
        return numbers[id(description)]

    inputs: list[ToldInput] = [
        {
            "path": f"{record['run']}/{record['step']}/{record['task']}/{record['attempt']}",
            "objects": record["objects"],
            "info": {name: number(description) for name, description in record["info"].items()},
        }
        for record in records
    ]
    return {"inputs": inputs, "descriptions": descriptions}


def hear(request: Request) -> dict[str, InputFacts]:
    """Returns what Metaflow would read from each input's `data.json`, by path (`run/step/task/attempt`) and in order.

    Removes it from the request, so that it is not kept twice.
    """
    descriptions = request.pop("descriptions")
    return {
        told["path"]: {
            "objects": told["objects"],
            "info": {name: descriptions[number] for name, number in told["info"].items()},
        }
        for told in request.pop("inputs")
    }
