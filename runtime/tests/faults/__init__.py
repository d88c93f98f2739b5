"""Runs of compiled flows on a simulated platform with a fault at each of their calls, and with many at random.

`world.py` is the platform and its faults, `stub.py` what executes tasks, `checks.py` what has to hold of a disturbed run,
`matrix.py` the runs.
"""
