"""Workers: where runs are computed."""

from mlplab.errors import WorkerError
from mlplab.execute.execute import execute
from mlplab.execute.executor import Executor, Job, Portions
from mlplab.execute.local import Local, default_workers

__all__ = ["Executor", "Job", "Local", "Portions", "WorkerError", "default_workers", "execute"]
