"""What the compiler, the runtime and the readers of runs share. Most of it is generated from `schemas` in the repository."""
