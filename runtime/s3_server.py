"""The local platform's S3: MiniStack on a socket of our own, which ends when the process that started it does.

Arguments: host, port (0: any that is free). Its settings are MiniStack's environment variables. Prints the port, then
serves until its standard input closes or it gets SIGTERM.
"""

import asyncio
import os
import signal
import socket
import sys
import threading

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
    asyncio.run(serve(app, config))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
