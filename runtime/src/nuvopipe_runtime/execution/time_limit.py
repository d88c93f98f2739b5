"""The message of Metaflow's `@timeout`."""


def say_time_limit(limit_ms):
    """Replaces its text by the step's limit: Metaflow's own text has the stack frames of our launcher in it.

    Metaflow (2.19.39, `plugins/timeout_decorator.py`) raises from the handler of SIGALRM.
    """
    from metaflow.plugins.timeout_decorator import TimeoutDecorator, TimeoutException

    def interrupt(self, signum, frame):
        raise TimeoutException(f"{self.step_name} took longer than {limit_ms / 1000:g} s")

    TimeoutDecorator._sigalrm_handler = interrupt
