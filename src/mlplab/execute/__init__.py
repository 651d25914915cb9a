"""Workers: where runs are computed."""

from mlplab.errors import WorkerError
from mlplab.execute.execute import execute
from mlplab.execute.executor import Executor, Job, Portions
from mlplab.execute.executors import executor_of
from mlplab.execute.local import Local, default_workers

__all__ = [
    "Executor",
    "Job",
    "Local",
    "Portions",
    "WorkerError",
    "default_workers",
    "execute",
    "executor_of",
]
