"""What enters and leaves a run: its parameters, its secrets, and numbers on their way through the conductor."""
