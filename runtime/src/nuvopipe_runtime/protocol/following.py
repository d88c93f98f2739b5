"""What follows a committed task: the next step, a pool that it opens, its pool's next item, or the end of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .runs.ending import failure_of
from .tasks import commit as commits

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ..context import Context
    from ..contract.formats import Envelope, TaskRecord
    from .pools.lanes import Lanes
    from .runs.ending import Ending
    from .sessions.handover import Handover
    from .tasks.inputs import Inputs
    from .timing.run_time import RunTime


class Following:
    def __init__(
        self, context: Context, inputs: Inputs, lanes: Lanes, handover: Handover, ending: Ending, run_time: RunTime
    ) -> None:
        self._plan = context.plan
        self._inputs = inputs
        self._lanes = lanes
        self._handover = handover
        self._ending = ending
        self._run_time = run_time

    def leave(self, envelope: Envelope, record: TaskRecord, files: list[Future[Any]], again: bool) -> Envelope:
        """Continues after a committed task. `files` are still being written."""
        self._inputs.know(record)
        envelope.pop("poll", None)
        envelope.pop("since", None)
        if again:
            envelope["again"] = True
        if record["ok"] and record["step"] != self._plan.end:
            following = self._follow(envelope, record)
            commits.wait(files)
            return following
        # All files of a run exist before its result does.
        commits.wait(files)
        return self._ending.succeed(envelope, record) if record["ok"] else self._fail(envelope, record)

    def _follow(self, envelope: Envelope, record: TaskRecord) -> Envelope:
        step, at = record["step"], record["at"]
        following = self._plan.steps[step]["next"]
        if "handled" in following:
            return self._ending.end_handled(envelope)
        if "open" in following:
            return self._lanes.open(envelope, following["open"], record)
        if "done" in following:
            return self._lanes.item_done(envelope, following["done"])
        assert "end" not in following  # `leave` ends the run
        chosen = record["chose"] if "choose" in following else following["step"]
        pause = 0 if envelope.get("again") else self._plan.pause_ms(step, chosen)
        wait = self._run_time.within(pause, chosen) if pause else 0
        to, before = self._plan.coordinate(step, at, chosen), [step, *at]
        return self._handover.go_after(wait, envelope, chosen, at=to, before=before)

    def _fail(self, envelope: Envelope, record: TaskRecord) -> Envelope:
        failure = failure_of(record)
        if record["step"] in self._plan.handlers:
            return self._ending.end_handled(envelope, failure)
        if self._plan.timeout_ms is not None and record["error"] == self._run_time.message:
            return self._ending.fail(envelope, failure)  # even in a foreach that collects failures
        return self._lanes.fail_at(envelope, record["step"], record["at"], failure)
