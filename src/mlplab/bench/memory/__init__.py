"""Predicted memory beside measured: whole populations, each setting in a fresh process."""
