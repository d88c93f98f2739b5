"""`python inspect_many.py FOLDER`: inspects each line on stdin as the program in the folder does; a line answers it, or `null`.

Each is run in a fork of its own, so that code which is too much for Python ends that alone.
"""

import io
import os
import sys

sys.path.insert(0, sys.argv[1])
from inspection import main

for line in sys.stdin.buffer:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        sys.stdin = io.TextIOWrapper(io.BytesIO(line))
        sys.stdout = os.fdopen(write, "w", encoding="utf-8")
        main()
        sys.stdout.flush()
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(pid, 0)
    sys.stdout.buffer.write((answer.strip() if status == 0 else b"null") + b"\n")
    sys.stdout.buffer.flush()
