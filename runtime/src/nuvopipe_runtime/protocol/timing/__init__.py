"""Time limits of a run, of a task's attempts and of a client that waits, and the pauses of a session."""
