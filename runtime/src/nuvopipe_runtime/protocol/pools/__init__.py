"""Lanes that work the pools of branches and foreach loops."""
