"""The local platform's S3: MiniStack on a socket of our own, which ends when the process that started it does.

Arguments: host, port (0: any that is free). Its settings are MiniStack's environment variables. Prints the port, then
serves until its standard input closes or it gets SIGTERM.

MiniStack has endpoints beside S3 that ask for no key, and one of them (POST /_ministack/reset) removes every object: any web
page that a browser on this machine shows could send that. So nothing reaches it but requests for S3 that name our key.
"""

import asyncio
import hmac
import os
import signal
import socket
import sys
import threading
from urllib.parse import parse_qs

# MiniStack's own: longer than any pause within a run, so that clients keep their connections.
KEEP_ALIVE_S = 75
BACKLOG = 1024
EXIT_PORT_TAKEN = 3


def end_with_parent(parent_pipe):
    """The pipe closes however the parent ends, SIGKILL included."""
    while parent_pipe.read(1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def listen(host, port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(EXIT_PORT_TAKEN)
    return listener


def guarded(app, access_key):
    async def guard(scope, receive, send):
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


def is_ours(scope, access_key):
    """Signed for S3 (Signature Version 4) by the key that this server was given. No bucket's name begins with `_`."""
    parts = credential(scope).split("/")
    signed = len(parts) == 5 and parts[3:] == ["s3", "aws4_request"]
    return signed and hmac.compare_digest(parts[0].encode(), access_key.encode()) and not scope["path"].startswith("/_")


def credential(scope):
    """KEY/DATE/REGION/SERVICE/aws4_request, of the header or of a presigned URL; empty where there is none."""
    given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
    if not given:
        return parse_qs(scope["query_string"].decode("latin-1")).get("X-Amz-Credential", [""])[0]
    scheme, _, fields = given[0].partition(" ")
    if len(given) > 1 or scheme != "AWS4-HMAC-SHA256":
        return ""
    for field in fields.split(","):
        name, _, value = field.strip().partition("=")
        if name == "Credential":
            return value
    return ""


def main(host, port):
    parent_pipe = os.fdopen(os.dup(0), "rb", buffering=0)
    threading.Thread(target=end_with_parent, args=(parent_pipe,), daemon=True).start()
    listener = listen(host, port)
    port = listener.getsockname()[1]
    # MiniStack reads its settings when it is imported; the port is for the URLs it makes.
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
