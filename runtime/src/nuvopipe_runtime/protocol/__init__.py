"""How an envelope changes a run: steps, pools and lanes, leases and commits, beginning, end and recovery.

Activations that do not know of each other decide everything here, through one store. `wiring.py` puts the parts together.
"""
