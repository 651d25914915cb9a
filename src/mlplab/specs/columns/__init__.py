"""Many runs and what came of them as columns: some bytes each, where an object takes kilobytes."""

from mlplab.specs.columns.keys import Keys
from mlplab.specs.columns.outcomes import Outcomes
from mlplab.specs.columns.population import Population

__all__ = ["Keys", "Outcomes", "Population"]
