"""Who may work on what, and for how long: claims on items and joins, live entries of runs, leases, the guard."""
