"""How one attempt of a task ended."""


class Attempt:
    """`result` is what the task told of itself, empty when it could not."""

    def __init__(self, ok, result, error, stdout, stderr, started, ended, kinds=()):
        self.ok = ok
        self.result = result
        self.error = error
        self.stdout = stdout
        self.stderr = stderr
        self.started = started
        self.ended = ended
        self.kinds = list(kinds)
        """Of a failure: names of the exception's classes, `timeout`, `crash`."""
        self.was_stopped = False
        """It was ended because its run is over."""
        self.live_log = None
        """What the attempt's log replaces: its `LiveLog`."""
