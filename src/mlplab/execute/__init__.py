"""Workers: where runs are computed."""

from mlplab.errors import WorkerError
from mlplab.execute.execute import default_workers, execute

__all__ = ["WorkerError", "default_workers", "execute"]
