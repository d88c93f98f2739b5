"""Starts sessions: non-blocking invocations of a flow's conductor action, with an envelope in them."""

from __future__ import annotations

import json
import ssl
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from .contract.protocol import ENVELOPE_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .contract.formats import Envelope

LAUNCH_TIMEOUT_S = 20
PARALLEL_LAUNCHES = 8
ACCEPTED = (200, 202)
TOO_MANY = 429
BUSY = (TOO_MANY, 503)
NOT_FOUND = 404
LATER = "later"
CROWDED = b"concurrent requests"
"""In OpenWhisk's 429 for too many concurrent activations; the other 429 means too many calls in a clock minute."""


class SessionLauncher(Protocol):
    """What the protocol needs from the platform."""

    @property
    def is_crowded(self) -> bool:
        """Whether the last refusal may be over in a moment."""

    def launch(self, envelope: Envelope) -> bool: ...

    def launch_all(self, envelopes: list[Envelope]) -> int: ...

    def start(self, flow: str, parameters: Mapping[str, Any]) -> str | None: ...


class Launcher:
    """`host` and `key` are the action's own `__OW_API_HOST` and `__OW_API_KEY` (annotation `provide-api-key`)."""

    def __init__(self, host: str, key: str | None, conductor: str = "") -> None:
        if not host.startswith("http"):
            host = "https://" + host
        self._actions = f"{host}/api/v1/namespaces/_/actions"
        self._conductor = conductor
        self.is_crowded = False
        """Whether the last refusal was for concurrency, not for the calls of a minute: it may be over in a moment."""
        self._authorization = "Basic " + b64encode((key or "").encode()).decode()

    @cached_property
    def _tls(self) -> ssl.SSLContext | None:
        """Inside a cluster the API's certificate is its own; the connection never leaves it. Most activations need none."""
        return ssl._create_unverified_context() if self._actions.startswith("https") else None

    def launch(self, envelope: Envelope) -> bool:
        """True if the platform accepted it. A refusal (429, 503, no answer) delays work but never fails a run."""
        refusal = self._invoke(self._conductor, {ENVELOPE_KEY: envelope})
        if refusal not in (None, LATER):
            print(f"nuvopipe: {self._conductor} could not be started: {refusal}", file=sys.stderr)
        return refusal is None

    def start(self, flow: str, parameters: Mapping[str, Any]) -> str | None:
        """Starts another flow of the namespace, or another version of this one.

        Returns None if the platform accepted it, `later` if it may accept it later, otherwise the reason of the refusal."""
        return self._invoke(flow, parameters)

    def _invoke(self, action: str, arguments: Mapping[str, Any]) -> str | None:
        request = urllib.request.Request(
            f"{self._actions}/{quote(action)}?blocking=false",
            data=json.dumps(arguments).encode(),
            headers={"content-type": "application/json", "authorization": self._authorization},
        )
        try:
            with urllib.request.urlopen(request, timeout=LAUNCH_TIMEOUT_S, context=self._tls) as answer:
                return None if answer.status in ACCEPTED else f"HTTP {answer.status}"
        except urllib.error.HTTPError as error:
            if error.code in BUSY:
                self.is_crowded = error.code != TOO_MANY or CROWDED in error.read()
                return LATER
            return "there is no such flow in this namespace" if error.code == NOT_FOUND else f"HTTP {error.code}"
        except OSError as error:
            print(f"nuvopipe: the platform does not answer: {error}", file=sys.stderr)
            self.is_crowded = True
            return LATER

    def launch_all(self, envelopes: list[Envelope]) -> int:
        """Launches until the first refusal, since the rest would be refused too; returns how many were accepted."""
        taken = 0
        with ThreadPoolExecutor(PARALLEL_LAUNCHES) as pool:
            for start in range(0, len(envelopes), PARALLEL_LAUNCHES):
                answers = list(pool.map(self.launch, envelopes[start : start + PARALLEL_LAUNCHES]))
                taken += sum(answers)
                if not all(answers):
                    break
        return taken
