"""Checks the protocol of pools, claims, leases, take-overs, commits and joins exhaustively for small sizes.

The search runs the real code: `activation.py` runs the runtime's own `Session`, one store request at a time; `world.py`
simulates its surroundings (store, conductor, clock, sweeper, faults); `search.py` visits every state.
"""
