"""The local platform's S3 server: MiniStack on our own socket. It ends with the process that started it.

Arguments: host, port (0: any free one). Its settings are MiniStack's environment variables. It prints the port, then
serves until its standard input closes or it receives SIGTERM.

MiniStack has other endpoints that require no key, and one of them (POST /_ministack/reset) removes every object: any web page
open in a browser on this machine could call it. So only S3 requests that name our key reach it.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    import io
    from collections.abc import Awaitable, Callable
    from typing import TypeAlias

    Message: TypeAlias = dict[str, Any]
    """A scope or an event of ASGI."""

    Receive: TypeAlias = Callable[[], Awaitable[Message]]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]
    App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

# MiniStack's setting. It is longer than any pause within a run, so that clients keep their connections.
KEEP_ALIVE_S = 75
BACKLOG = 1024
EXIT_PORT_TAKEN = 3


def end_with_parent(parent_pipe: io.FileIO) -> None:
    """Ends this process when the pipe closes, which happens however the parent ends."""
    while parent_pipe.read(1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def listen(host: str, port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(EXIT_PORT_TAKEN)
    return listener


def guarded(app: App, access_key: str) -> App:
    """Passes on only requests that `is_ours` accepts."""

    async def guard(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and is_ours(scope, access_key)):
            await app(scope, receive, send)
        elif scope["type"] == "http":
            headers = [(b"content-type", b"application/xml"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": b"<Error><Code>AccessDenied</Code></Error>"})
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    return guard


def is_ours(scope: Message, access_key: str) -> bool:
    """Whether a request is signed for S3 (Signature Version 4) with this server's key. Bucket names do not begin with `_`."""
    parts = credential(scope).split("/")
    signed = len(parts) == 5 and parts[3:] == ["s3", "aws4_request"]
    return signed and hmac.compare_digest(parts[0].encode(), access_key.encode()) and not scope["path"].startswith("/_")


def credential(scope: Message) -> str:
    """Returns KEY/DATE/REGION/SERVICE/aws4_request, from the header or a presigned URL; empty if there is none."""
    given: list[str] = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
    if not given:
        query: str = scope["query_string"].decode("latin-1")
        return parse_qs(query).get("X-Amz-Credential", [""])[0]
    scheme, _, fields = given[0].partition(" ")
    if len(given) > 1 or scheme != "AWS4-HMAC-SHA256":
        return ""
    for field in fields.split(","):
        name, _, value = field.strip().partition("=")
        if name == "Credential":
            return value
    return ""


def main(host: str, port: int) -> None:
    parent_pipe = os.fdopen(os.dup(0), "rb", buffering=0)
    threading.Thread(target=end_with_parent, args=(parent_pipe,), daemon=True).start()
    listener = listen(host, port)
    port = listener.getsockname()[1]
    # MiniStack reads its settings when it is imported, and uses the port in the URLs that it makes.
    os.environ["GATEWAY_PORT"] = str(port)
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = KEEP_ALIVE_S
    config.loglevel = os.environ.get("LOG_LEVEL", "WARNING")
    print(port, flush=True)
    asyncio.run(serve(guarded(app, os.environ["AWS_ACCESS_KEY_ID"]), config))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
