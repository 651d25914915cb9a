"""mlplab: populations of multilayer perceptrons at the cost of a few, turned into verdicts."""
