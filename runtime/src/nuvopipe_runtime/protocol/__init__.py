"""What an envelope does to a run: steps, pools and lanes, leases and commits, its beginning, its end, its recovery.

All of it is decided here, over one store, by activations that know nothing of each other. `session.py` puts the parts together.
"""
