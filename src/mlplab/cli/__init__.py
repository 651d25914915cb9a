"""The command line: parse, call the rooms below, show; nothing is computed here."""

from mlplab.cli.program import main, program

__all__ = ["main", "program"]
