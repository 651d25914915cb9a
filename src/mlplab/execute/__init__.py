"""Workers: where runs are computed."""

from mlplab.execute.execute import default_workers, execute
from mlplab.execute.processes import WorkerError

__all__ = ["WorkerError", "default_workers", "execute"]
