"""The sweeper's invocations against servers on loopback: refusals, and certificates."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from base64 import b64encode
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from nuvopipe_runtime.launcher import LATER, Launcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "uuid:hush"
AUTHORIZATION = "Basic " + b64encode(KEY.encode()).decode()


class Platform:
    """Answers each POST with `status` and `headers`, and keeps what it was sent."""

    def __init__(self) -> None:
        self.status = 202
        self.headers: dict[str, str] = {}
        self.seen: list[tuple[str, str | None, Any]] = []

    @contextmanager
    def serve(self, context: ssl.SSLContext | None = None) -> Iterator[str]:
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                self._answer(body)

            def do_GET(self) -> None:
                self._answer(None)

            def _answer(self, body: Any) -> None:
                platform.seen.append((self.path, self.headers["authorization"], body))
                self.send_response(platform.status)
                for name, value in platform.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing: the output is the test's."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Files of a self-signed certificate and of its key."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=self-signed"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "keyUsage=critical,digitalSignature,keyCertSign"]
    subprocess.run(["openssl", *request, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return _certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def platform() -> Platform:
    return Platform()


@contextmanager
def _secure(platform: Platform, certificate: tuple[Path, Path]) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with platform.serve(context) as url:
        yield url


def test_a_flow_is_started_with_the_key(platform: Platform) -> None:
    with platform.serve() as url:
        assert Launcher(url, KEY).start("F.steps/flow-1", {"n": 1}) is None
    assert platform.seen == [("/api/v1/namespaces/_/actions/F.steps/flow-1?blocking=false", AUTHORIZATION, {"n": 1})]


@pytest.mark.parametrize(
    ("status", "refusal"),
    [(429, LATER), (503, LATER), (404, "there is no such flow in this namespace"), (401, "HTTP 401"), (500, "HTTP 500")],
)
def test_a_refusal_is_for_now_or_for_good(platform: Platform, status: int, refusal: str) -> None:
    platform.status = status
    with platform.serve() as url:
        assert Launcher(url, KEY).start("F", {}) == refusal


def test_a_platform_that_does_not_answer_is_asked_later(platform: Platform) -> None:
    with platform.serve() as url:
        pass
    assert Launcher(url, KEY).start("F", {}) == LATER


def test_the_key_does_not_follow_a_redirect(platform: Platform) -> None:
    other = Platform()
    with platform.serve() as url, other.serve() as elsewhere:
        platform.status, platform.headers = 302, {"location": elsewhere}
        Launcher(url, KEY).start("F", {})
    assert [key for _, key, _ in platform.seen] == [AUTHORIZATION]
    assert [key for _, key, _ in other.seen] == [None]


def test_a_self_signed_certificate_is_refused_by_default_and_the_key_is_not_sent(
    platform: Platform, certificate: tuple[Path, Path]
) -> None:
    with _secure(platform, certificate) as url:
        reason = f"deploy with --cafile or --insecure: the certificate of {url} is not trusted"
        assert Launcher(url, KEY).start("F", {}) == reason
        assert Launcher(url, KEY, {}).start("F", {}) == reason
    assert platform.seen == []


def test_a_certificate_of_another_authority_is_refused(
    platform: Platform, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    other, _ = _certificate(tmp_path)
    with _secure(platform, certificate) as url:
        assert str(Launcher(url, KEY, {"ca": other.read_text()}).start("F", {})).endswith("is not trusted")
    assert platform.seen == []


def test_a_certificate_of_the_recorded_authorities_is_accepted(platform: Platform, certificate: tuple[Path, Path]) -> None:
    with _secure(platform, certificate) as url:
        assert Launcher(url, KEY, {"ca": certificate[0].read_text()}).start("F", {}) is None
    assert len(platform.seen) == 1


def test_any_certificate_is_accepted_where_the_deploy_recorded_insecure(
    platform: Platform, certificate: tuple[Path, Path]
) -> None:
    with _secure(platform, certificate) as url:
        assert Launcher(url.removeprefix("https://"), KEY, {"insecure": True}).start("F", {}) is None
    assert len(platform.seen) == 1
