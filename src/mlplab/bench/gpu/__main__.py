"""The measurements on a GPU, as a command of their own."""

from mlplab.bench.gpu.command import gpu

gpu(prog_name="python -m mlplab.bench.gpu")
