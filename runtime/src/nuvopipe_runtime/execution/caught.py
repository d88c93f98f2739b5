"""Metaflow's attempts and its `@catch`, told by nuvopipe's runtime which attempt is the last, and what is caught."""


def allow_attempts(count):
    """Metaflow has six attempts at most, for it looks for each of them; here records tell which there are."""
    from metaflow import task

    task.MAX_ATTEMPTS = max(task.MAX_ATTEMPTS, count)


def catch_at_once(names, kinds_of):
    """Metaflow waits for the last attempt; a failure that is not to be repeated has had it."""
    from metaflow.plugins.catch_decorator import CatchDecorator

    original = CatchDecorator.task_exception

    def task_exception(self, exception, step, flow, graph, attempt, retries):
        is_last = not any(kind in names for kind in kinds_of(exception))
        return original(self, exception, step, flow, graph, attempt, attempt if is_last else retries)

    CatchDecorator.task_exception = task_exception


def catch_failure(reason):
    """For a failure that no exception of the user's code tells of: the exception that is kept says what it was."""
    from metaflow.exception import MetaflowException
    from metaflow.plugins.catch_decorator import FailureHandledByCatch

    FailureHandledByCatch.__init__ = lambda self, retry_count: MetaflowException.__init__(self, reason)
