"""Starts sessions for the sweeper: non-blocking invocations of conductor actions. In runs, conductors launch sessions."""

from __future__ import annotations

import json
import ssl
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

LAUNCH_TIMEOUT_S = 20
PARALLEL_LAUNCHES = 8
ACCEPTED = (200, 202)
BUSY = (429, 503)
NOT_FOUND = 404
LATER = "later"


class Launcher:
    """`host` and `key` are the action's own `__OW_API_HOST` and `__OW_API_KEY` (annotation `provide-api-key`).

    `tls` is what the deploy recorded about certificates: `{"insecure": true}` does not verify them, `{"ca": …}` trusts
    these authorities too, as PEM.
    """

    def __init__(self, host: str, key: str | None, tls: Mapping[str, Any] | None = None) -> None:
        if "://" not in host:
            host = "https://" + host
        self._host = host
        self._actions = f"{host}/api/v1/namespaces/_/actions"
        self._authorization = "Basic " + b64encode((key or "").encode()).decode()
        self._trust = tls or {}

    @cached_property
    def _tls(self) -> ssl.SSLContext | None:
        if not self._host.startswith("https"):
            return None
        context = ssl.create_default_context()
        if self._trust.get("insecure"):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif "ca" in self._trust:
            context.load_verify_locations(cadata=self._trust["ca"])
        return context

    def start(self, flow: str, parameters: Mapping[str, Any]) -> str | None:
        """Starts a flow of the namespace, or one of its versions.

        Returns None if the platform accepts it, `later` if it might do so later, or the reason why it never will.
        """
        request = urllib.request.Request(
            f"{self._actions}/{quote(flow)}?blocking=false",
            data=json.dumps(parameters).encode(),
            headers={"content-type": "application/json"},
        )
        # The key is not sent to another host if this one redirects.
        request.add_unredirected_header("authorization", self._authorization)
        try:
            with urllib.request.urlopen(request, timeout=LAUNCH_TIMEOUT_S, context=self._tls) as answer:
                return None if answer.status in ACCEPTED else f"HTTP {answer.status}"
        except urllib.error.HTTPError as error:
            if error.code in BUSY:
                return LATER
            return "there is no such flow in this namespace" if error.code == NOT_FOUND else f"HTTP {error.code}"
        except OSError as error:
            if isinstance(getattr(error, "reason", None), ssl.SSLCertVerificationError):
                return f"deploy with --cafile or --insecure: the certificate of {self._host} is not trusted"
            print(f"nuvopipe: {self._host} does not answer: {error}", file=sys.stderr)
            return LATER
