"""One task: its inputs, its execution, its attempts, its commit, and the earlier results that replace it."""
