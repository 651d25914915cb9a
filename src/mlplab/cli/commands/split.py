"""`mlplab split`: one network over several processes, in several ways."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from mlplab.cli import options
from mlplab.cli.base_run import read_flags
from mlplab.cli.exit_status import FAILED, end, leave_at_once
from mlplab.cli.flags import SpecCommand, spec_flags
from mlplab.cli.population import load_data, tell_defaults
from mlplab.cli.screen import note
from mlplab.cli.split_results import show_trainings
from mlplab.cli.unused import refuse_given, refuse_idle
from mlplab.errors import ConfigError, Interrupted, MlplabError, WorkerError
from mlplab.hints import expected

if TYPE_CHECKING:
    from mlplab.data import Task
    from mlplab.specs import Run
    from mlplab.theory.split import Training
    from mlplab.theory.split.job import Job

_STEPS = 20
_SECONDS_FOR_THE_FIRST = 5.0
_SECONDS_BETWEEN_LINES = 5.0


@click.command(cls=SpecCommand)
@click.argument("data", required=False, default="digits", shell_complete=options.names_of_data_sets)
@click.option(
    "--ways",
    default="data,tensor,pipeline",
    show_default=True,
    metavar="WAY,...",
    help="data: parts of each batch; tensor: parts of each layer; pipeline: some layers each.",
)
@click.option(
    "--processes",
    metavar="P",
    callback=options.whole_from(1),
    help="How many, of one thread each; under torchrun as many as it started.  [default: 2]",
)
@click.option(
    "--steps",
    metavar="N",
    callback=options.whole_from(1),
    help=f"How many batches.  [default: {_STEPS}, or all of --epochs where they are given]",
)
@click.option(
    "--microbatches",
    metavar="M",
    callback=options.whole_from(1),
    help="Into how many parts a pipeline cuts each batch.  [default: at most 4 for each process]",
)
@click.option(
    "--baseline/--no-baseline",
    default=True,
    show_default=True,
    help="Also train it in one process and compare the losses; not for what one cannot hold.",
)
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Keep checkpoints there, for each way, and go on from the last one, with any number of "
    "processes.",
)
@click.option(
    "--every",
    metavar="N",
    callback=options.whole_from(1),
    help="Steps from one checkpoint to the next.  [default: an epoch]",
)
@click.option(
    "--patience-seconds",
    type=click.FloatRange(min=5),
    default=20.0,
    show_default=True,
    help="After so long without a word or a step, a process counts as hung and the job ends.",
)
@click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the data set; may be repeated.",
)
@options.imports
@options.seed
@click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="cpu: processes speak through gloo; cuda: through nccl, with a GPU for each.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw memory, bytes and time: a file that ends in .svg, .png, .html or .json.",
)
@options.as_json
@options.quiet
@spec_flags()
@click.pass_context
def split(
    ctx: click.Context,
    /,
    data: str,
    ways: str,
    processes: int | None,
    steps: int | None,
    microbatches: int | None,
    baseline: bool,
    checkpoint: Path | None,
    every: int | None,
    patience_seconds: float,
    params: tuple[str, ...],
    seed: int | None,
    device: str,
    out: Path | None,
    as_json: bool,
    quiet: bool,
    **texts: str | None,
) -> None:
    """Train one network over several processes, in several ways, and say what each costs.

    Losses are those of one process, up to the order of sums. For each way: memory of the largest
    process, bytes sent in a step (counted, and in closed form), and time. DATA is a name from
    `mlplab data list`, by default digits. Starts its processes itself, or runs in those of
    torchrun: `torchrun --nproc-per-node 4 -m mlplab split ...`.

    \b
    mlplab split --ways data,tensor,pipeline --processes 4 --hidden 256,256,256
    mlplab split fashion-mnist --ways tensor --hidden 4096,4096 --no-baseline --out split.svg
    """
    from mlplab.data import base_for, base_of

    chosen = _ways(ways)
    if checkpoint is None:
        refuse_given(ctx, ["every"], "works with --checkpoint only")
    if out is not None:
        _refuse_ending(out)
    described = read_flags(texts, base=base_of(data))
    quiet = quiet or torchrun_rank() > 0
    task = load_data(data, described.valid, params, quiet)
    base = read_flags(texts, base=base_for(task)).base
    refuse_idle(ctx, base)
    tell_defaults(task, base, quiet)
    base = base.replace(seed=seed or 0)
    start = time.monotonic()
    n_processes = _n_processes(processes)
    try:
        jobs = _plan(
            base,
            task,
            [("data", 1)] * baseline + [(way, n_processes) for way in chosen],
            checkpoint,
            microbatches,
            steps=_n_steps(steps, texts, base, task),
            device=device,
            keep_every=every,
        )
        train = _under_torchrun if is_torchrun() else _in_processes
        trainings = train(jobs, task, patience_seconds, quiet)
    except KeyboardInterrupt:
        kept = "checkpoints are kept" if checkpoint else "nothing is kept without --checkpoint"
        raise Interrupted(f"interrupted: all processes are ended; {kept}") from None
    except MlplabError as problem:
        if is_torchrun():
            _leave_torchrun(problem)
        raise
    if torchrun_rank() == 0:
        show_trainings(trainings, base, task, time.monotonic() - start, out, as_json)


def _ways(text: str) -> list[str]:
    from mlplab.theory.split import WAYS

    ways = list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    for way in ways:
        if way not in WAYS:
            raise ConfigError(f"--ways: {expected(way, WAYS)}")
    if not ways:
        raise ConfigError(f"--ways: expected some of {', '.join(WAYS)}; got {text!r}")
    return ways


def _refuse_ending(out: Path) -> None:
    endings = (".svg", ".png", ".html", ".json")
    if out.suffix.lower() not in endings:
        raise click.UsageError(f"--out: expected a name ending in {', '.join(endings)}; got {out}")


def _n_processes(processes: int | None) -> int:
    if not is_torchrun():
        return processes or 2
    n = int(os.environ["WORLD_SIZE"])
    if processes not in (None, n):
        raise click.UsageError(f"--processes: torchrun has started {n}; got {processes}")
    return n


def _n_steps(steps: int | None, texts: Any, base: Run, task: Task) -> int | None:
    if steps is not None or texts["epochs"] is not None:
        return steps
    n_rows = len(task.split(base.seed, base.rows).train)
    return min(_STEPS, base.fit.epochs * (n_rows // min(base.fit.batch_size, n_rows)))


def is_torchrun() -> bool:
    """Whether torchrun has started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def _leave_torchrun(problem: MlplabError) -> NoReturn:
    """Say what is wrong, once for all processes, and leave: torchrun then ends the others."""
    if torchrun_rank() and not isinstance(problem, WorkerError):
        time.sleep(_SECONDS_FOR_THE_FIRST)
        leave_at_once(FAILED)
    # At once: an interpreter that ends waits for peers that no longer answer.
    leave_at_once(end(problem))


def torchrun_rank() -> int:
    """Return this process's rank under torchrun, else 0."""
    return int(os.environ["RANK"]) if is_torchrun() else 0


def _plan(
    base: Run,
    task: Task,
    ways: Sequence[tuple[str, int]],
    checkpoint: Path | None,
    microbatches: int | None,
    **given: Any,
) -> list[Job]:
    """Return what shall be trained; whatever cannot be is refused before anything starts."""
    from mlplab.theory.split.split import plan_job

    return [
        plan_job(
            base,
            task,
            way,  # type: ignore[arg-type]
            n,
            n_microbatches=microbatches if way == "pipeline" else None,
            checkpoint=checkpoint and checkpoint / ("one" if n == 1 else way),
            **given,
        )
        for way, n in ways
    ]


def _in_processes(
    jobs: Sequence[Job], task: Task, patience_seconds: float, quiet: bool
) -> list[Training]:
    from mlplab.theory.split import starting
    from mlplab.theory.split.split import run_job

    with starting() as start:
        return [
            run_job(
                job,
                task,
                patience_seconds,
                _progress("one process" if job.n_processes == 1 else job.way, quiet),
                start,
            )
            for job in jobs
        ]


def _under_torchrun(
    jobs: Sequence[Job], task: Task, patience_seconds: float, quiet: bool
) -> list[Training]:
    from mlplab.theory.split.process.torchrun import peers, train_alone, train_with_peers

    alone = [train_alone(job, task) for job in jobs if job.n_processes == 1]
    with peers(jobs[-1].device, patience_seconds):
        return alone + [train_with_peers(job, task) for job in jobs if job.n_processes > 1]


def _progress(label: str, quiet: bool) -> Callable[[int, int], None] | None:
    if quiet:
        return None
    next_line = time.monotonic() + _SECONDS_BETWEEN_LINES

    def show(rank: int, step: int) -> None:
        nonlocal next_line
        if rank == 0 and time.monotonic() > next_line:
            next_line = time.monotonic() + _SECONDS_BETWEEN_LINES
            note(f"{label}: {step} steps")

    return show
