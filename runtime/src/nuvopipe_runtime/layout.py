"""Names of the objects that a run keeps beside Metaflow's tree; `src/contract/records.ts` describes their content."""

from .plan import task_id

LIVE = "_nuvopipe/live/"
"""Below it, `<flow>/<run>`: one entry for each run that is not over."""

SLOTS = "_nuvopipe/slots/"
"""Below it, `<flow>/<i>`: the run that holds one of the places which the flow gives its runs."""


class RunLayout:
    def __init__(self, flow, run):
        self.flow = flow
        self.run_id = run
        self.live = f"{LIVE}{flow}/{run}"
        self.prefix = f"_nuvopipe/{flow}/{run}/"
        self.metaflow = f"{flow}/{run}/"
        """Prefix of what Metaflow's client reads of the run."""

    @property
    def run(self):
        return self.prefix + "run.json"

    @property
    def secrets(self):
        return self.prefix + "secrets"

    @property
    def result(self):
        return self.prefix + "result.json"

    @property
    def failed(self):
        return self.prefix + "failed"

    @property
    def cancelled(self):
        return self.prefix + "cancelled"

    @property
    def waiting(self):
        return self.prefix + "waiting"

    @property
    def parent(self):
        """Left by the step of another run that waits for the end of this one."""
        return self.prefix + "parent"

    @property
    def children(self):
        return self.prefix + "children/"

    def children_of(self, step, task):
        return f"{self.children}{step}/{task}/"

    def child(self, step, task, attempt):
        """The run of a step's flow."""
        return f"{self.children_of(step, task)}{attempt}"

    @property
    def overdue(self):
        """A session waits for the end of the run's time."""
        return self.prefix + "overdue"

    @property
    def guard(self):
        return self.prefix + "guard"

    @property
    def pools(self):
        return self.prefix + "pools/"

    def commit(self, step, task):
        return f"{self.prefix}tasks/{step}/{task}/commit"

    def attempts(self, step, task):
        """Prefix of what is kept of a task's attempts."""
        return f"{self.prefix}tasks/{step}/{task}/"

    def failed_attempt(self, step, task, attempt):
        return f"{self.attempts(step, task)}failed-{attempt}"

    def live_log(self, step, task, attempt, by):
        """Prefix of the parts of a running step's log; `by` is its activation."""
        return f"{self.prefix}logs/{step}/{task}/{attempt}/{by}/"

    def reused(self, step, task):
        """Marks a task that was not executed, so that a listing tells."""
        return f"{self.prefix}reused/{step}/{task}"

    @property
    def all_tasks(self):
        return self.prefix + "tasks/"

    def tasks(self, step):
        return f"{self.all_tasks}{step}/"

    def pool(self, opener, at):
        """`at` is the opener's coordinate."""
        return f"{self.prefix}pools/{opener}/{task_id(at)}/"

    def open(self, opener, at):
        return self.pool(opener, at) + "open"

    def join(self, opener, at):
        return self.pool(opener, at) + "join"

    def claim(self, opener, at, item):
        return f"{self.pool(opener, at)}claims/{item}"

    def failed_items(self, opener, at):
        """Prefix of the failures of a pool that goes on without them."""
        return self.pool(opener, at) + "failed/"

    def failed_item(self, opener, at, item):
        return f"{self.failed_items(opener, at)}{item}"

    def given_up(self, opener, at):
        """A pool inside of an item that failed: nobody works on it any more."""
        return self.pool(opener, at) + "given-up"
