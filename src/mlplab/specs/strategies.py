"""The search strategies by name; `mlplab.search.strategies` has each in a file of its own."""

STRATEGY_NAMES = ("grid", "random", "coordinate", "tpe", "halving", "hyperband", "racing")
