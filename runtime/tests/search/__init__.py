"""The protocol of pools, claims, leases, take-over, commits and joins, checked exhaustively for small sizes.

What is explored is no retelling of the protocol but the code itself: `activation.py` runs the runtime's own `Session` one store
request at a time; `world.py` is all around it (store, conductor, clock, sweeper, faults); `search.py` visits every state.
"""
