"""How a task is executed: a fork of a warm Python process with Metaflow in it, and what stands between it and the store.

`execute.py` and what it imports is the supervisor's side, `warm.py` and `task.py` are the
process's. Nothing here knows of runs.
"""
