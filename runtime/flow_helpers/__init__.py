"""The helpers of a compiled `flow.py`: code that its steps share.

A `flow.py` does not import nuvopipe, so the compiler copies the helpers that a flow needs into it, without their types.
Each file is one helper: its imports from Python's standard library, its functions, and the methods that it adds to the
flow's class.
"""
