"""Compiled loops for small models: whole epochs without a call into torch, on threads."""
