"""One network over several processes, in three ways, beside one process."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlplab.data import Task
from mlplab.errors import ConfigError
from mlplab.inside import is_worker, refuse_at_import
from mlplab.specs import Run, TaskRef
from mlplab.theory.split.division import Way, bytes_sent
from mlplab.theory.split.job import Job, widths_of
from mlplab.theory.split.kept_steps import last_step
from mlplab.theory.split.refusals import refuse_unsplit

if TYPE_CHECKING:
    from mlplab.execute.start import Process

PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Part:
    """What one process had, took and sent; medians over its steps, None where it is not known.

    Attributes:
        n_parameters: weights and biases that it holds.
        held_bytes: of its parameters, gradients and optimiser state, from step to step.
        memory_bytes: the most that it took in its steps, above what it took before it had a
            network: resident memory, on a GPU torch's allocations.
        sent_bytes: in one step, counted call by call; a sum of P parts goes around a ring.
        formula_bytes: the same in closed form (`bytes_sent`).
        written_bytes: what the system says that it wrote in a step, gloo's headers included.
        step_seconds: of a step, by the clock.
        cpu_seconds: of a step, of its processor.
    """

    n_parameters: int
    held_bytes: Mapping[str, int]
    memory_bytes: int | None
    sent_bytes: float
    formula_bytes: float
    written_bytes: float | None
    step_seconds: float | None
    cpu_seconds: float | None


@dataclass(frozen=True)
class Training:
    """One way's training.

    Attributes:
        way: how it was split.
        losses: of each step's batch, before the step, (S,).
        parts: one for each process.
        n_microbatches: into how many parts a pipeline cut each batch; else 1.
        resumed_after: steps taken from a checkpoint.
    """

    way: Way
    losses: tuple[float, ...]
    parts: tuple[Part, ...]
    n_microbatches: int = 1
    resumed_after: int = 0

    @property
    def memory_bytes(self) -> int | None:
        """The most that any process took."""
        found = [part.memory_bytes for part in self.parts if part.memory_bytes is not None]
        return max(found, default=None)

    @property
    def sent_bytes(self) -> float:
        """What all processes together send in one step."""
        return sum(part.sent_bytes for part in self.parts)

    @property
    def step_seconds(self) -> float | None:
        """The slowest process's step."""
        return max((p.step_seconds for p in self.parts if p.step_seconds is not None), default=None)


def split(
    run: Run,
    task: Task,
    way: Way,
    n_processes: int = 2,
    *,
    steps: int | None = None,
    n_microbatches: int | None = None,
    device: str = "cpu",
    checkpoint: str | Path | None = None,
    keep_every: int | None = None,
    patience_seconds: float = PATIENCE_SECONDS,
    on_step: Callable[[int, int], None] | None = None,
    start: Callable[[], Process] | None = None,
) -> Training:
    """Train one network over several processes of this machine.

    Equals training it in one process, up to the order of sums: each step's loss and weights are
    the same. The ways:

        data      each process has the whole network and a part of every batch
        tensor    each process has a part of every layer: by its outputs, then by its inputs
        pipeline  each process has some layers, and batches go through them in parts

    Args:
        run: the network, its optimiser (sgd, rmsprop, adam or adamw) and its training.
        task: the data.
        way: of splitting.
        n_processes: one thread each; 1 is not split.
        steps: how many; by default all of `run.fit.epochs`.
        n_microbatches: parts of a batch in a pipeline, a divisor of the batch; by default at most
            four for each process.
        device: "cpu" (gloo), or "cuda" (nccl, a GPU for each process).
        checkpoint: a folder from which an interrupted training goes on, in any way and with any
            number of processes.
        keep_every: steps from one checkpoint to the next; by default an epoch.
        patience_seconds: after which a process that is not heard, or stands still, ends the job.
        on_step: called with a process's rank and its steps so far, some of them.
        start: what starts a process, from `starting`, which several splits may share.

    Raises:
        ConfigError: what cannot be split, or not so.
        WorkerError: a process died or hung; all are ended.

    Cost: that of the training, and processes that start in a tenth of a second (Linux), after two
    seconds for the first. Source: `torch.distributed`, its `tensor.parallel` and `pipelining`.

    >>> from mlplab.data import load_task
    >>> from mlplab.specs import MLP, Fit
    >>> run = Run(net=MLP(hidden=(32,)), fit=Fit(dtype="float64"))
    >>> with starting() as start:
    ...     one, two = (
    ...         split(run, load_task("digits"), "tensor", n, steps=3, start=start) for n in (1, 2)
    ...     )
    >>> max(abs(a - b) for a, b in zip(one.losses, two.losses)) < 1e-10
    True
    >>> [part.n_parameters for part in two.parts]  # 2410 in all; biases of outputs are in both
    [1210, 1210]
    """
    job = plan_job(
        run, task, way, n_processes, steps, n_microbatches, device, checkpoint, keep_every
    )
    return run_job(job, task, patience_seconds, on_step, start)


def run_job(
    job: Job,
    task: Task,
    patience_seconds: float = PATIENCE_SECONDS,
    on_step: Callable[[int, int], None] | None = None,
    start: Callable[[], Process] | None = None,
) -> Training:
    """Do what was planned; arguments and errors are those of `split`."""
    refuse_at_import()
    if is_worker():
        raise ConfigError("split: expected to be called outside of worker processes")
    from mlplab.execute.brought import pack, plugins_of
    from mlplab.execute.processes import shared
    from mlplab.theory.split.crew import Crew

    brought = pack(plugins_of([job.run]))
    if brought is None:
        raise ConfigError(
            "split: expected functions of your own in a module that other processes can import"
        )
    with contextlib.ExitStack() as stack:
        started = start or stack.enter_context(starting())
        handle = stack.enter_context(shared(task))
        meeting = stack.enter_context(tempfile.TemporaryDirectory(prefix="mlplab-split-"))
        hello = {
            "job": job,
            "task": handle,
            "brought": brought,
            "meeting": str(Path(meeting) / "processes"),
        }
        hellos = ({**hello, "rank": rank} for rank in range(job.n_processes))
        called = "one process" if job.n_processes == 1 else f"split by {job.way}"
        crew = Crew(started, hellos, patience_seconds, called)
        return training(job, task, crew.reports(on_step))


def plan_job(
    run: Run,
    task: Task,
    way: Way,
    n_processes: int,
    steps: int | None = None,
    n_microbatches: int | None = None,
    device: str = "cpu",
    checkpoint: str | Path | None = None,
    keep_every: int | None = None,
) -> Job:
    """Return what each process is told; arguments and errors are those of `split`."""
    n_parts = refuse_unsplit(run, task, way, n_processes, n_microbatches, device)
    run = run.replace(task=TaskRef(**task.spec()))
    n_rows = len(task.split(run.seed, run.rows).train)
    per_epoch = n_rows // min(run.fit.batch_size, n_rows)
    most = run.fit.epochs * per_epoch
    n_steps = most if steps is None else steps
    if not 1 <= n_steps <= most:
        raise ConfigError(
            f"steps: expected 1 to {most}, those of {run.fit.epochs} epochs; got {n_steps}"
        )
    if keep_every is not None and keep_every < 1:
        raise ConfigError(f"keep_every: expected at least 1 step; got {keep_every}")
    keep = None if checkpoint is None else Path(checkpoint).absolute()
    found = None if keep is None else last_step(keep, run.key)
    job = Job(run, way, n_processes, n_steps, n_parts, device, keep, keep_every or per_epoch)
    if found is None:
        return job
    folder, note = found
    if note["step"] >= n_steps:
        raise ConfigError(
            f"checkpoint {keep}: it is of step {note['step']}, and there are {n_steps}; ask for "
            "more, or give another folder"
        )
    return replace(job, resume=folder, losses=note["losses"])


def training(job: Job, task: Task, reports: list[dict[str, Any]]) -> Training:
    """Return what the processes of a job report, by rank, as one training."""
    widths = widths_of(job.run, task)
    n_rows = len(task.split(job.run.seed, job.run.rows).train)
    itemsize = {"float32": 4, "float64": 8}[job.run.fit.dtype]
    formula = bytes_sent(
        job.way, widths, min(job.run.fit.batch_size, n_rows), len(reports), itemsize
    )
    names = set(Part.__dataclass_fields__) - {"formula_bytes"}
    parts = tuple(
        Part(**{name: report[name] for name in names}, formula_bytes=bytes_of_formula)
        for report, bytes_of_formula in zip(reports, formula, strict=True)
    )
    return Training(job.way, tuple(reports[0]["losses"]), parts, job.n_parts, len(job.losses))


@contextlib.contextmanager
def starting() -> Iterator[Callable[[], Process]]:
    """Give what starts processes, for several splits: on Linux torch is imported once for all."""
    from mlplab.execute.fork_server import Program
    from mlplab.execute.start import starter

    home = "mlplab.theory.split.process.main"
    with starter(Program(home, (home, "mlplab.theory.split.process.training"))) as start:
        yield start
