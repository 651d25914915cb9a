"""The benchmark: workloads measured beside their baselines, in the same run."""

from mlplab.bench.harness import Step, StepCallback, progress_bar, run_bench
from mlplab.bench.markdown import to_markdown, update_page
from mlplab.bench.rows import BenchRow
from mlplab.bench.workloads import WORKLOADS, Workload

__all__ = [
    "WORKLOADS",
    "BenchRow",
    "Step",
    "StepCallback",
    "Workload",
    "progress_bar",
    "run_bench",
    "to_markdown",
    "update_page",
]
