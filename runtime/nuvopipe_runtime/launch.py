"""Starts sessions: non-blocking invocations of the flow's own conductor action, with an envelope in them."""

import json
import ssl
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

LAUNCH_TIMEOUT_S = 20
PARALLEL_LAUNCHES = 8
ACCEPTED = (200, 202)
ENVELOPE_KEY = "nuvopipe"


class Launcher:
    """`host` and `key` are the action's own `__OW_API_HOST` and `__OW_API_KEY` (annotation `provide-api-key`)."""

    def __init__(self, host, key, flow):
        if not host.startswith("http"):
            host = "https://" + host
        self._url = f"{host}/api/v1/namespaces/_/actions/{flow}?blocking=false"
        self._authorization = "Basic " + b64encode((key or "").encode()).decode()

    @cached_property
    def _tls(self):
        """Inside a cluster the API's certificate is its own; the connection never leaves it. Most activations need none."""
        return ssl._create_unverified_context() if self._url.startswith("https") else None

    def launch(self, envelope):
        """True when the platform took it. A refusal (429, 503, no answer) delays work, it never fails a run."""
        request = urllib.request.Request(
            self._url,
            data=json.dumps({ENVELOPE_KEY: envelope}).encode(),
            headers={"content-type": "application/json", "authorization": self._authorization},
        )
        try:
            with urllib.request.urlopen(request, timeout=LAUNCH_TIMEOUT_S, context=self._tls) as answer:
                return answer.status in ACCEPTED
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                print(f"nuvopipe: a session could not be started: HTTP {error.code}", file=sys.stderr)
            return False
        except OSError as error:
            print(f"nuvopipe: a session could not be started: {error}", file=sys.stderr)
            return False

    def launch_all(self, envelopes):
        """How many were taken. Stops asking after the first refusal: the others would be refused too."""
        taken = 0
        with ThreadPoolExecutor(PARALLEL_LAUNCHES) as pool:
            for start in range(0, len(envelopes), PARALLEL_LAUNCHES):
                answers = list(pool.map(self.launch, envelopes[start : start + PARALLEL_LAUNCHES]))
                taken += sum(answers)
                if not all(answers):
                    break
        return taken
