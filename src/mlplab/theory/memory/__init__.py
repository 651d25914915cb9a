"""Memory of training and prediction, predicted by part: populations, modules, one example."""

from mlplab.theory.memory.example import ExampleCounts, example_counts
from mlplab.theory.memory.measured import MeasuredPeak, measure_peak
from mlplab.theory.memory.module import ModuleMemory, module_memory
from mlplab.theory.memory.population import (
    DataShape,
    PopulationMemory,
    largest_batch,
    largest_population,
    population_memory,
)

__all__ = [
    "DataShape",
    "ExampleCounts",
    "MeasuredPeak",
    "ModuleMemory",
    "PopulationMemory",
    "example_counts",
    "largest_batch",
    "largest_population",
    "measure_peak",
    "module_memory",
    "population_memory",
]
