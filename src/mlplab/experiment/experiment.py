"""The heart: a base run, the factors varied, the seeds, the claims."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import final

from mlplab.experiment.backend import Backend, backend_of
from mlplab.experiment.conduct import (
    KeepWeights,
    Setup,
    finish,
    log_test_look,
    read_keep_weights,
)
from mlplab.experiment.declaration import Declaration
from mlplab.experiment.plan import Plan, make_plan
from mlplab.experiment.progress import ProgressOption
from mlplab.experiment.progress_bar import reporting
from mlplab.experiment.runs import Runs
from mlplab.experiment.tracking import Track, tracking
from mlplab.experiment.until_decided import finish_until_decided
from mlplab.inside import refuse_at_import
from mlplab.reading import read_flag, read_name, read_word
from mlplab.specs.clusters import Cluster
from mlplab.store import Store

DEVICES = ("cpu", "cuda", "mps")
StoreLike = Store | str | os.PathLike[str] | None


@final
@dataclass(frozen=True, eq=False, init=False, repr=False)
class Experiment(Declaration):
    """Runs of every combination of factors, on the same seeds, and the claims they shall decide.

    Nothing is loaded or trained by making one; mistakes are reported at once.

    Args:
        task: what is learned: a `Task`, the name of a registered one, or a `TaskRef` that also
            says what is held out for validation; names are loaded when first needed.
        base: the run that factors vary; its task and seed are the experiment's. Default: the one
            registered with the data set, or `Run()`.
        vary: factor -> values, combined in full. A factor is a dotted path (`optim.lr`), its
            short name (`lr`), or a whole spec (`optim`).
        seeds: a number n for seeds 0 to n-1, or the seeds themselves.
        claims: what shall be decided; they share the level, so declare what you mean to say.
        name: under which verdicts and test looks are kept; made from the content by default.
        arms: further arms, each a mapping of factors; what one leaves out has the base's value.
        fails: metric -> bound: a finished run whose last value is not better than it counts as
            failed, as a diverged one does; `{"train_accuracy": 0.15}` for ten classes at chance.

    Attributes:
        design: the arms, in order: the combinations of `vary` (the last factor moves fastest),
            then `arms`.

    Raises:
        ConfigError: what does not fit, in one line.
        GuardError: a claim that would let the test split select.

    >>> experiment = Experiment("digits", vary={"lr": [0.03, 0.1], "hidden": [16, 64]}, seeds=3)
    >>> [arm.label for arm in experiment.design]
    ['lr=0.03 hidden=16', 'lr=0.03 hidden=64', 'lr=0.1 hidden=16', 'lr=0.1 hidden=64']
    """

    def plan(
        self, store: StoreLike = None, *, keep_weights: bool = False, device: str = "cpu"
    ) -> Plan:
        """Return which runs the store knows, and which remain and how they train; none is.

        Raises:
            ConfigError: no machine has such a device; this one may lack it.
        """
        read_word(
            "device", device.partition(":")[0] if isinstance(device, str) else device, DEVICES
        )
        plan = make_plan(
            self.cells(),
            _open(store),
            need_weights=read_keep_weights(keep_weights) is True,
            need_correct=self.needs_correct,
        )
        return plan.with_paths(self.data, device)

    def run(
        self,
        store: StoreLike = None,
        *,
        workers: int | None = None,
        device: str = "cpu",
        on: str | Cluster | None = None,
        keep_weights: KeepWeights = False,
        progress: ProgressOption = True,
        until_decided: bool = False,
        backend: Backend | None = None,
        purpose: str = "results of fixed arms",
        track: Track = None,
    ) -> Runs:
        """Return all results; what the store lacks is trained and kept as it ends.

        The same call continues after any interruption, to the same results. If results contain
        metrics of the test split, one look is logged, whether they were computed or remembered.

        Args:
            store: a `Store`, its file or URL; None is the user's own.
            workers: worker processes, or programs that train at a time on a cluster; None lets the
                engine choose.
            device: `cpu`, `cuda` or `mps`.
            on: `"here"`, `"ray"`, `"slurm"`, or a cluster's settings, `Ray(...)` or `Slurm(...)`;
                None is this machine.
            keep_weights: also keep the weights, training again where they are missing; `"new"`
                keeps those of runs that train anyway.
            progress: True for a bar in a terminal or a notebook, where it takes longer than two
                seconds; False for none; or what is called with a `Progress`, at most ten times a
                second.
            until_decided: look at 8, 16, 32 and 64 seeds (of 0 to 63, or of the seeds given) and
                stop claim by claim; the looks share the level, see `stats.walk_looks`.
            backend: what trains, in place of `on`; a test's own, say.
            purpose: what a look at the test split is for; kept in the log.
            track: `mlflow`, `mlflow=URI`, `tensorboard` or `tensorboard=FOLDER`, or several: where
                runs and verdicts are handed on to as they come. What fails there is a warning.

        Raises:
            Interrupted: Ctrl-C; what had finished is in the store.
            StoreError: the store cannot be read or written.
            WorkerError: a module that calls this at its top is imported by a worker process.
        """
        refuse_at_import()
        read_name("" if purpose is None else purpose, "purpose")
        read_flag("until_decided", until_decided)
        start = time.monotonic()
        with reporting(progress, "train") as report, tracking(track, progress) as tracker:
            setup = Setup(_open(store), backend or backend_of(on), workers, device, tracker)
            if until_decided:
                cells, found, plan = finish_until_decided(
                    self, setup, keep_weights=keep_weights, progress=report
                )
            else:
                cells, plan = self.cells(), None
                found = finish(
                    cells,
                    self.data,
                    setup,
                    title=self.title,
                    keep_weights=keep_weights,
                    keep_correct=self.keeps_correct,
                    need_correct=self.needs_correct,
                    progress=report,
                )
            log_test_look(found, setup.store, purpose, self.title)
            seconds = time.monotonic() - start
            runs = Runs(self, cells, found.outcomes, setup, found.n_from_store, seconds, plan)
            if tracker is not None:
                rows = [verdict.model_dump(mode="json") for verdict in runs.verdicts()]
                tracker.verdicts(self.title, self.data, rows)
        return runs


def _open(store: StoreLike) -> Store:
    return store if isinstance(store, Store) else Store(store)
