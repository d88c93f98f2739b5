"""How a task is executed: in a fork of a warm Python process that has imported Metaflow, connected to the supervisor.

`execute.py` and its imports are the supervisor's side; `loader.py`, `warm.py` and `task.py` are the other processes. This
package does not know about runs.
"""
