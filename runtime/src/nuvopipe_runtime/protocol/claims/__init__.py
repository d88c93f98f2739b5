"""Who may work on what, and for how long: the items and joins of pools, the live entry of a run, leases, and the guard."""
