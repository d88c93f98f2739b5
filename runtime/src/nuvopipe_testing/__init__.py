"""Runs flows without a platform: the runtime as it is, over a simulated one."""
