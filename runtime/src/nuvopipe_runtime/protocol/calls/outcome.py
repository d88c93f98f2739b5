"""What comes of asking an action, or a flow, for a step."""


class CallOutcome:
    """One of the three: what was answered, how it failed, or the envelope that goes on asking."""

    def __init__(self, answer=None, tried=None, following=None):
        self.answer = answer
        self.tried = tried
        self.following = following


def marked(envelope, attempt):
    """With the attempt, unless it is the first."""
    return envelope | ({"attempt": attempt} if attempt else {})
