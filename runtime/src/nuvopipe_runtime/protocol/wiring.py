"""Assembles the parts of the protocol, from those that depend on nothing to the session that depends on all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .calls.called_flows import CalledFlows
from .calls.step_calls import StepCalls
from .claims.leases import Leases
from .claims.live_entry import LiveEntry
from .following import Following
from .pools.lanes import Lanes
from .related_runs import RelatedRuns
from .related_runs.children import Children
from .related_runs.launches import Launches
from .related_runs.lineage import Lineage
from .related_runs.parent import Parent
from .runs import Runs
from .runs.admission import Admission
from .runs.beginning import Beginning
from .runs.ending import Ending
from .runs.recovery import Recovery
from .session import Session
from .sessions import Sessions
from .sessions.handover import Handover
from .sessions.watch import Watch
from .step_attempts import StepAttempts
from .steps import Steps
from .tasks import Tasks
from .tasks.cache import Cache
from .tasks.inputs import Inputs
from .tasks.reuse import Reuse
from .tasks.task_runner import TaskRunner
from .timing import TimeLimits
from .timing.retry_time import RetryTime
from .timing.run_time import RunTime
from .walk import Walk

if TYPE_CHECKING:
    from ..context import Context
    from .container import Container


def session_of(context: Context, container: Container) -> Session:
    """Makes the session for one activation."""
    run_time = RunTime(context, container.records)
    limits = TimeLimits(run_time, RetryTime(context))
    live = LiveEntry(context)
    leases = Leases(context, live)
    lineage = Lineage(context)
    launches = Launches(lineage)
    related_runs = RelatedRuns(lineage, Children(context, launches, lineage), Parent(context, lineage))
    handover = Handover(context, launches, leases, run_time)
    sessions = Sessions(handover, Watch(context, launches, handover, run_time))
    inputs = Inputs(context, container.records)
    reuse = Reuse(context, lineage, Cache(context, container), inputs)
    tasks = Tasks(inputs, reuse, TaskRunner(context, container, lineage, inputs, limits))
    ending = Ending(context, launches, live, handover, related_runs)
    runs = Runs(
        Admission(context, launches, handover, ending, run_time),
        Beginning(context, container, live, lineage, tasks.runner, handover, ending),
        ending,
        Recovery(context, launches, live, lineage, sessions, ending),
    )
    lanes = Lanes(context, launches, container.pace, inputs, ending, sessions)
    called_flows = CalledFlows(context, launches, related_runs, tasks, handover, limits)
    step_calls = StepCalls(context, launches, tasks.runner, run_time, called_flows)
    attempts = StepAttempts(context, tasks, step_calls, lanes, run_time)
    following = Following(context, inputs, lanes, handover, ending, run_time)
    steps = Steps(context, leases, lineage, reuse, attempts, following, handover, limits)
    walk = Walk(context, container, steps, reuse, handover)
    return Session(context, container.stop_check, lineage, run_time, runs, sessions, launches, lanes, walk)
