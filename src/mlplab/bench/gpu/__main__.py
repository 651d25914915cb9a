"""The measurements on a GPU, as a command of their own."""

from functools import partial

from mlplab.bench.gpu.command import gpu
from mlplab.bench.program import start

start(partial(gpu, prog_name="python -m mlplab.bench.gpu"))
