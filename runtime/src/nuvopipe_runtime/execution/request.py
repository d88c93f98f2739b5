"""What a task is asked to do, and what it answers; both travel as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from ..contract.formats import ArtifactInfo, DroppedInfo, Metadatum, RunFailure


class ToldInput(TypedDict):
    path: str
    """`run/step/task/attempt`"""
    objects: dict[str, str]
    """SHA-1 of each artifact."""
    info: dict[str, int]
    """By artifact: which of the request's `descriptions` it has."""


class InputFacts(TypedDict):
    """What Metaflow reads from the `data.json` of an input."""

    objects: dict[str, str]
    info: dict[str, ArtifactInfo | DroppedInfo]


class Request(TypedDict, total=False):
    """The operations of `task.OPERATIONS` have `run`, `root` and `tags`; the rest depends on the operation."""

    run: str
    root: str
    """The datastore's root: `s3://bucket/prefix`."""
    tags: list[str]
    step: str
    task: str
    attempt: int
    retries: int
    """How many attempts may follow the first."""
    retryOn: list[str]
    """Names of the failures to repeat; empty: all."""
    split: int | None
    """Which item of its foreach the step begins; None if it begins none."""
    timeoutMs: int
    inputs: list[ToldInput]
    descriptions: list[ArtifactInfo | DroppedInfo]
    secrets: dict[str, str | None]
    """Values of the secret parameters."""
    secretNames: list[str]
    """Environment variables of the step that are secret."""
    parameters: dict[str, Any]
    binary: list[str]
    """Parameters whose value is a binary file, in base64."""
    outputs: list[str]
    """Artifacts to return as JSON."""
    turns: dict[str, int]
    """How many turns the loops around a join have taken."""
    answer: Any
    """What the action or flow that the step calls has answered."""
    reason: str | None
    """The failure that `catch` is to keep, if the step itself is not executed again."""
    failures: list[RunFailure]
    """Of the items that failed, for a join that continues without them."""
    failure: RunFailure
    """The run's, for the steps that follow it."""
    origin: str
    """The run that this one resumes."""
    throughConductor: bool
    """Whether the arguments pass through JavaScript, which rounds large integers."""
    names: list[str]
    """`read`: the artifacts to return."""
    mock: Any
    """A flow test's stand-in for the step: `nuvopipe_testing.mocks.Mock`."""


class ReadArtifacts(TypedDict):
    values: dict[str, Any]
    """JSON forms by name."""
    unreadable: dict[str, str]
    """Why the others cannot be read."""


class Outcome(TypedDict, total=False):
    """What a task answers; empty if its process was lost."""

    metadata: list[Metadatum]
    objects: dict[str, str]
    info: dict[str, ArtifactInfo | DroppedInfo]
    splits: int | None
    """The opener of a foreach: how many items it has."""
    chose: str
    """The only step that follows."""
    outputs: dict[str, Any]
    exact: dict[str, str]
    """Numbers among the outputs that JSON cannot represent, by JSON pointer."""
    arguments: dict[str, Any]
    """For the action or flow that the step calls."""
    read: list[ReadArtifacts]
    """Artifacts of each task that was asked for."""
    error: str
    where: str
    """Where in the user's code the error was raised, to be appended to it."""
    kinds: list[str]
    """What `retry.on` may call the failure."""
