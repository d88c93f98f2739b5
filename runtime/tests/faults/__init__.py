"""Runs of compiled flows on the simulated platform, with a fault at each of their calls, and with many faults at random.

`platform.py` adds faults to the platform, `stub.py` executes tasks, `checks.py` checks the outcome after a fault, and
`matrix.py` plays the runs.
"""
