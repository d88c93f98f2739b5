"""Runs of compiled flows on the simulated platform, with a fault at each of their calls, and with many faults at random.

`platform.py` adds faults to the platform, `stub.py` executes tasks, `checks.py` says what must hold after a fault, `matrix.py`
plays the runs.
"""
