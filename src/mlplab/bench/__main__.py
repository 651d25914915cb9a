"""`python -m mlplab.bench`: the benchmark without the rest of the command line."""

import sys

from mlplab.bench.command import bench
from mlplab.errors import MlplabError

try:
    bench(prog_name="mlplab bench")
except MlplabError as problem:
    sys.exit(f"error: {problem}")
