"""`python -m mlplab.bench`: the benchmark without the rest of the command line."""

from functools import partial

from mlplab.bench.command import bench
from mlplab.bench.program import start

start(partial(bench, prog_name="mlplab bench"))
