"""Names of the objects that a run keeps beside Metaflow's tree; `src/model/records.ts` describes their content."""

from .plan import task_id


class RunLayout:
    def __init__(self, flow, run):
        self.run_id = run
        self.prefix = f"_nuvopipe/{flow}/{run}/"

    @property
    def run(self):
        return self.prefix + "run.json"

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
    def guard(self):
        return self.prefix + "guard"

    @property
    def pools(self):
        return self.prefix + "pools/"

    def commit(self, step, task):
        return f"{self.prefix}tasks/{step}/{task}/commit"

    def tasks(self, step):
        return f"{self.prefix}tasks/{step}/"

    def pool(self, opener, at):
        """`at` is the opener's coordinate."""
        return f"{self.prefix}pools/{opener}/{task_id(at)}/"

    def open(self, opener, at):
        return self.pool(opener, at) + "open"

    def join(self, opener, at):
        return self.pool(opener, at) + "join"

    def claim(self, opener, at, item):
        return f"{self.pool(opener, at)}claims/{item}"
