"""Values that enter and leave a run: parameters, secrets, and numbers that pass the conductor."""
