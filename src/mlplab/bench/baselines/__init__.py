"""What this package is measured against, written the way a reader of the chapter runs it.

Every module is a program: `python -m mlplab.bench.baselines.NAME [--json]`.
"""
