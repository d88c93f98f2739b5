"""How a task is executed: a fork of a warm Python process with Metaflow in it, and what stands between it and the store.

`execute.py` and its imports are the supervisor's side; `loader.py`, `warm.py` and `task.py` are the other processes. Nothing
here knows about runs.
"""
