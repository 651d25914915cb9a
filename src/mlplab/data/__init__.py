"""Where examples come from: data sets by name, a user's arrays, and the guarded test split."""

from mlplab.data import digits, fashion_mnist, house_prices, modular, planar, synthetic
from mlplab.data.arrays import task_from_arrays
from mlplab.data.base_run import base_for
from mlplab.data.debian import DebianPackage
from mlplab.data.files import FileCheck, FileSet, Source, SourceError
from mlplab.data.http_folder import HttpFolder
from mlplab.data.idx import read_idx
from mlplab.data.permutation import feature_order
from mlplab.data.places import cache_folder
from mlplab.data.python_wheel import PythonWheel
from mlplab.data.registry import (
    DatasetInfo,
    available,
    base_of,
    dataset,
    fetch,
    load_task,
    task_of,
    valid_of,
    verify,
)
from mlplab.data.share import attach
from mlplab.data.soft_targets import soft_targets
from mlplab.data.split import Split
from mlplab.data.task import Look, Task

# importing them registers mlplab's own data sets
_OWN = (digits, fashion_mnist, house_prices, modular, planar, synthetic)

__all__ = [
    "DatasetInfo",
    "DebianPackage",
    "FileCheck",
    "FileSet",
    "HttpFolder",
    "Look",
    "PythonWheel",
    "Source",
    "SourceError",
    "Split",
    "Task",
    "attach",
    "available",
    "base_for",
    "base_of",
    "cache_folder",
    "dataset",
    "feature_order",
    "fetch",
    "load_task",
    "read_idx",
    "soft_targets",
    "task_from_arrays",
    "task_of",
    "valid_of",
    "verify",
]
