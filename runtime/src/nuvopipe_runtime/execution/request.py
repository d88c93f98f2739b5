"""Requests to a task and its answers, both sent as JSON."""

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
    """By artifact: index of its description in the request's `descriptions`."""


class InputFacts(TypedDict):
    """The part of an input's `data.json` that Metaflow reads."""

    objects: dict[str, str]
    info: dict[str, ArtifactInfo | DroppedInfo]


class Request(TypedDict, total=False):
    """A request for one of `task.OPERATIONS`. All have `run`, `root` and `tags`; the other keys depend on the operation."""

    run: str
    root: str
    """The datastore's root: `s3://bucket/prefix`."""
    tags: list[str]
    step: str
    task: str
    attempt: int
    retries: int
    """Maximum number of attempts after the first."""
    retryOn: list[str]
    """Names of the failures to repeat; empty: all."""
    split: int | None
    """Index of the foreach item that the step begins; None if it begins none."""
    timeoutMs: int
    inputs: list[ToldInput]
    descriptions: list[ArtifactInfo | DroppedInfo]
    secrets: dict[str, str | None]
    """Values of the secret parameters, by name."""
    secretNames: list[str]
    """Secret environment variables of the step."""
    parameters: dict[str, Any]
    binary: list[str]
    """Parameters whose value is a binary file, in base64."""
    outputs: list[str]
    """Artifacts to return as JSON."""
    turns: dict[str, int]
    """Number of turns that the loops around a join have taken."""
    answer: Any
    """The answer of the action or flow that the step calls."""
    reason: str | None
    """The failure for `catch` to keep, if the step itself is not executed again."""
    failures: list[RunFailure]
    """Failures of items, for a join that continues without them."""
    failure: RunFailure
    """The run's failure, for the steps of `onFailure`."""
    origin: str
    """The run that this one resumes."""
    throughConductor: bool
    """Whether the arguments pass through JavaScript, which rounds large integers."""
    names: list[str]
    """For the operation `read`: the artifacts to return."""
    mock: Any
    """A flow test's stand-in for the step: `nuvopipe_testing.mocks.Mock`."""


class ReadArtifacts(TypedDict):
    values: dict[str, Any]
    """JSON forms by name."""
    unreadable: dict[str, str]
    """Why the other artifacts cannot be read, by name."""


class Outcome(TypedDict, total=False):
    """A task's answer; empty if its process was lost."""

    metadata: list[Metadatum]
    objects: dict[str, str]
    info: dict[str, ArtifactInfo | DroppedInfo]
    splits: int | None
    """From the opener of a foreach: the number of items."""
    chose: str
    """The only step that follows."""
    outputs: dict[str, Any]
    exact: dict[str, str]
    """Numbers among the outputs that JSON cannot represent, by JSON pointer."""
    arguments: dict[str, Any]
    """Arguments for the action or flow that the step calls."""
    read: list[ReadArtifacts]
    """Artifacts of each task that was asked for."""
    error: str
    where: str
    """Where in the user's code the error was raised; this is appended to the error."""
    kinds: list[str]
    """Names that `retry.on` can use for the failure."""
