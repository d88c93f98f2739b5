"""Lanes that work on the pools of branches and foreach elements."""
