"""The helpers of a compiled `flow.py`: what its steps share.

A `flow.py` imports nothing of nuvopipe, so the compiler writes the helpers that a flow needs into it, without their
types. Each file is one helper: its imports from Python's own library, its functions, and the methods that it adds to the
flow's class.
"""
