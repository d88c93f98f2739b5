"""Runs one Python action like the Python action images (ActionLoop): a JSON line on stdin per request, one on fd 3 per answer.

Started in the action's directory as `python python.py MAIN`, or executed by python_template.py in a fork of a warm
interpreter. After each answer both logs end with the sentinel, so that the reader knows which lines belong to it.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import traceback
from typing import Any

_SENTINEL = b"XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n"
_SOURCE = os.path.join(os.getcwd(), "__main__.py")


_IMAGE_MODULES = set("bs4 dateutil httplib2 kafka lxml netifaces requests scrapy simplejson twisted virtualenv".split())
"""Modules of OpenWhisk's Python images (openwhisk-runtime-python, requirements.txt)."""


def _tell(error: BaseException) -> None:
    """Explains an import error if OpenWhisk's image has the module and this container lacks it."""
    if isinstance(error, ModuleNotFoundError) and error.name in _IMAGE_MODULES:
        error.msg += ": OpenWhisk's image has it, the local platform's container lacks it; package it with the action"


def _answer(value: object) -> None:
    line = json.dumps(value, ensure_ascii=False).encode("utf-8") + b"\n"
    sys.stdout.flush()
    sys.stderr.flush()
    _write(1, _SENTINEL)
    _write(2, _SENTINEL)
    _write(3, line)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _problem_with_source() -> str | None:
    """Returns what the image's bin/compile would print: a missing module or a syntax error, before anything runs."""
    if not os.path.exists(_SOURCE):
        return "Zip file does not include main__\n"
    try:
        with open(_SOURCE, "rb") as file:
            ast.parse(file.read().decode("utf-8"))
    except SyntaxError as error:
        return error.msg
    return None


def _load() -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("main__", _SOURCE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["main__"] = module
    spec.loader.exec_module(module)


_problem = _problem_with_source()
if _problem is not None:
    _answer({"ok": False, "problem": _problem})
    sys.exit(0)

sys.path[0] = os.getcwd()
_main_name = sys.argv.pop()
_virtualenv = os.path.abspath("./virtualenv/bin/activate_this.py")
if os.path.exists(_virtualenv):
    with open(_virtualenv) as _file:
        exec(compile(_file.read(), _virtualenv, "exec"), {"__file__": _virtualenv})
try:
    _load()
except ModuleNotFoundError as ex:
    _tell(ex)
    raise
main: Any = None
exec("from main__ import %s as main" % _main_name)
_answer({"ok": True})

env = os.environ
while True:
    line = sys.stdin.readline()
    if not line:
        break
    args = json.loads(line)
    payload = {}
    for key in args:
        if key == "value":
            payload = args["value"]
        else:
            env["__OW_%s" % key.upper()] = args[key]
    res = {}
    try:
        res = main(payload)
    except Exception as ex:
        _tell(ex)
        print(traceback.format_exc(), file=sys.stderr)
        res = {"error": str(ex)}
    _answer(res)
