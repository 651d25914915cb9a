"""`python -m mlplab`: the command line."""

from mlplab.cli import main

main()
