"""What is measured, beside what, and what it must reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MEGABYTE = 1_000_000
FEWEST_ROUNDS = 3  # fewer have no spread that says anything


@dataclass(frozen=True, slots=True)
class Measure:
    """One process to be measured: `python -m MODULE ARGUMENTS --json`.

    Args:
        name: what it is called beside the others of its workload.
        contended: one other process keeps a core busy meanwhile.
        watch_memory: the memory of all its processes is sampled.
    """

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    contended: bool = False
    watch_memory: bool = False

    @property
    def identity(self) -> tuple[str, tuple[str, ...], bool, bool]:
        """What makes two measures the same one, whatever they are called."""
        return self.module, self.arguments, self.contended, self.watch_memory


@dataclass(frozen=True, slots=True)
class Target:
    """What the ratio to one baseline, or to a fixed limit, must reach.

    `at most`: ours / baseline <= bound. `at least`: baseline / ours >= bound.
    """

    beside: str
    rule: Literal["at most", "at least"]
    bound: float

    def ratio(self, ours: float, baseline: float) -> float:
        """Return the ratio that the rule speaks of.

        >>> Target("plain torch", "at least", 1.2).ratio(ours=0.25, baseline=0.5)
        2.0
        >>> Target("sgemm bound", "at most", 1.45).ratio(ours=0.2, baseline=0.16)
        1.25
        """
        return ours / baseline if self.rule == "at most" else baseline / ours

    def reached(self, ratio: float) -> bool:
        """Say whether a ratio keeps the rule.

        >>> Target("plain torch", "at least", 1.2).reached(1.5)
        True
        """
        return ratio <= self.bound if self.rule == "at most" else ratio >= self.bound

    def says(self) -> str:
        """Return the rule in words.

        >>> Target("scikit-learn", "at least", 2.5).says()
        'at least 2.5 x faster than scikit-learn'
        """
        if self.rule == "at least":
            return f"at least {self.bound:g} x faster than {self.beside}"
        if self.bound == 1:
            return f"within the {self.beside}"
        return f"at most {self.bound:g} x {self.beside}"


@dataclass(frozen=True, slots=True)
class Workload:
    """One row of the benchmark: our measure, its baselines, and the targets.

    Args:
        limits: fixed numbers beside the measured baselines, by name: in seconds, or in bytes
            where memory is watched.
    """

    name: str
    title: str
    unit: str
    ours: Measure
    targets: tuple[Target, ...]
    baselines: tuple[Measure, ...] = ()
    limits: tuple[tuple[str, float], ...] = ()


def _ours(workload: str, contended: bool = False, watch_memory: bool = False) -> Measure:
    return Measure("ours", "mlplab.bench.ours", (workload,), contended, watch_memory)


def _baseline(name: str, module: str) -> Measure:
    return Measure(name, f"mlplab.bench.baselines.{module}")


def _start(program: str) -> Measure:
    return Measure("ours", "mlplab.bench.startup", (program,))


def _wait(name: str, title: str, unit: str, seconds: float) -> Workload:
    limit = f"limit of {seconds:g} s"
    return Workload(
        name,
        title,
        unit,
        Measure("ours", "mlplab.bench.waits", (name,)),
        (Target(limit, "at most", 1.0),),
        limits=((limit, seconds),),
    )


_PYTHON = Measure("bare Python", "mlplab.bench.startup", ("python",))

WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        Workload(
            "A",
            "784-256-10 on Fashion-MNIST, batch 256, SGD, 8 seeds x 4 rates x 10 epochs, "
            "test split scored every epoch",
            "run-epoch",
            _ours("A"),
            (
                Target("sgemm bound", "at most", 1.30),
                Target("chapter's loop", "at least", 16),
                Target("plain torch", "at least", 1.2),
                Target("scikit-learn", "at least", 2.5),
            ),
            (
                _baseline("sgemm bound", "sgemm"),
                _baseline("chapter's loop", "chapter_loop"),
                _baseline("plain torch", "plain_torch"),
                _baseline("scikit-learn", "sklearn_mlp"),
            ),
        ),
        Workload(
            "A-contended",
            "workload A while one other process keeps a core busy",
            "run-epoch",
            _ours("A", contended=True),
            (Target("quiet", "at most", 2.1),),
            (Measure("quiet", "mlplab.bench.ours", ("A",)),),
        ),
        Workload(
            "B",
            "polynomials of 1 to 20 terms x 10 seeds, 100 rows, batch 10, SGD, 400 epochs",
            "run-epoch",
            _ours("B"),
            (Target("chapter's way", "at least", 2000),),
            (_baseline("chapter's way", "chapter_polynomial"),),
        ),
        Workload(
            "C",
            "linear 330 -> 1, 5 folds x 20 rates, Adam, batch 64, 100 epochs",
            "run-epoch",
            _ours("C"),
            (Target("chapter's way", "at least", 150),),
            (_baseline("chapter's way", "chapter_linear"),),
        ),
        Workload(
            "D",
            "330-256-128-64-1, Adam, dropout 0.2, batch 32, 100 epochs, 16 runs",
            "run-epoch",
            _ours("D"),
            (Target("chapter's way", "at least", 7),),
            (_baseline("chapter's way", "chapter_mlp_adam"),),
        ),
        Workload(
            "E",
            "330-256-128-1, Adam, batch 64, 100 configurations (rate, decay, dropout) x 5 folds, "
            "40 epochs",
            "run-epoch",
            _ours("E"),
            (
                Target("chapter's way", "at least", 7),
                Target("plain torch", "at least", 7),
            ),
            (
                _baseline("chapter's way", "chapter_grid"),
                _baseline("plain torch", "plain_grid"),
            ),
        ),
        Workload(
            "memory",
            "workload A with 1 epoch: peak proportional set size over all processes",
            "run-epoch",
            _ours("A-memory", watch_memory=True),
            (Target("limit of 640 MB", "at most", 1.0),),
            limits=(("limit of 640 MB", 640.0 * MEGABYTE),),
        ),
        Workload(
            "many",
            "20,000 linear models: polynomials of 1 to 20 terms x 1,000 seeds with 100 rows each, "
            "40 epochs: peak proportional set size",
            "run-epoch",
            _ours("B-many", watch_memory=True),
            (Target("limit of 370 MB", "at most", 1.0),),
            limits=(("limit of 370 MB", 370.0 * MEGABYTE),),
        ),
        Workload(
            "help",
            "mlplab --help, from start to end",
            "start",
            _start("help"),
            (Target("limit of 0.3 s", "at most", 1.0),),
            (_PYTHON,),
            (("limit of 0.3 s", 0.3),),
        ),
        Workload(
            "import",
            "import mlplab, in a new interpreter",
            "start",
            _start("import"),
            (Target("limit of 0.3 s", "at most", 1.0),),
            (_PYTHON,),
            (("limit of 0.3 s", 0.3),),
        ),
        _wait("declare", "declaring an experiment of 10,000 arms", "experiment", 1.0),
        _wait("best", "the best of 400 arms with 8 seeds, and its confidence set", "answer", 0.5),
        _wait("trials-random", "random search over 100 trivial configurations", "search", 1.0),
        _wait("trials-tpe", "TPE over 100 trivial configurations", "search", 1.0),
        _wait("put", "1,000 runs of six curves put into a store", "batch", 0.5),
        _wait("get", "10,000 runs of six curves read from a store", "reading", 1.0),
    )
}
