"""Grokking: a network fits its examples first and finds their rule long after."""
