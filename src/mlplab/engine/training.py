"""The state of a run in training: position, history, best epoch, checkpoint."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mlplab.data import Split, Task
from mlplab.engine.divergence import has_diverged
from mlplab.engine.optimisers.base import check_schedule
from mlplab.engine.optimisers.custom import check_step
from mlplab.engine.patience import is_better, is_over
from mlplab.engine.program import AnyProgram, Program, program_of
from mlplab.engine.surroundings import caller_aside
from mlplab.engine.tensor_bytes import tensor_bytes
from mlplab.errors import StoreError
from mlplab.specs import MLP, Outcome, Own, Rows, Run, canonical_json
from mlplab.specs.columns import Population
from mlplab.specs.fit import PERTURBATIONS, perturbs
from mlplab.specs.outcome import Status
from mlplab.specs.series import Series

# Seeds whose drawn rows stay: 8 MB for 60,000 rows; arms of one seed come one after the other.
SPLITS_KEPT = 16
AT_ONCE = 20_000  # runs of a program that are begun at a time: 60 MB before they train
_BEST = "best/"  # before the names of the best epoch's weights in a checkpoint
_GOOD = "good/"  # and of those to which a run may rewind


class Splits:
    """The training and validation rows of a task's runs: runs that enter together share them."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._sizes: dict[int, tuple[tuple[int, int], Rows]] = {}
        self._drawn: dict[tuple[int, Rows], Split] = {}
        self._programs: dict[tuple[int, ...], tuple[AnyProgram, Run]] = {}
        self._texts: dict[tuple[int, int], tuple[str, Run]] = {}

    def sizes(self, run: Run) -> tuple[int, int]:
        """Return how many rows a run trains on, and how many validate it; no matter of seeds."""
        if isinstance(run.rows, Own):
            self.of(run)  # a block beyond the pool is told before anything trains
        # By id, which arms share; kept with the rows, so that no others may get it.
        at = id(run.rows)
        if at not in self._sizes:
            split = self.of(run)
            self._sizes[at] = (len(split.train), len(split.valid)), run.rows
        return self._sizes[at][0]

    def programs(self, runs: Population) -> dict[int, AnyProgram]:
        """Compile the programs of all runs: the number of a template -> its program.

        Raises:
            ConfigError: of `program_of`, or a run's own rows lie beyond the pool.
        """
        made = {which: self.program(run) for which, run in runs.used().items()}
        own = [which for which in made if isinstance(runs.templates[which].rows, Own)]
        for run in runs.take(np.isin(runs.which, own)):
            self.sizes(run)
        return made

    def program(self, run: Run) -> AnyProgram:
        """Compile a run's program; the runs of one arm, which share their specs, share it.

        Raises:
            ConfigError: of `program_of`, or a user's schedule or optimiser fails.
        """
        sizes = self.sizes(run)
        # By id, which arms share: 0.2 microseconds a run, where hashing the specs took 1.1.
        at = (id(run.net), id(run.optim), id(run.fit), *sizes)
        if at not in self._programs:
            with caller_aside():  # what a user wrote is tried
                made = program_of(run, self.task, *sizes)
                check_schedule(run.optim.schedule, run.fit.epochs)
                check_step(run)
            # The run is kept with it: no other spec may get these ids.
            self._programs[at] = (made, run)
        return self._programs[at][0]

    def batches(self, run: Run) -> str:
        """Return what runs have in common that see the same examples at the same time."""
        return f"{run.seed} {self.seen(run)}"

    def seen(self, run: Run) -> str:
        """Return what besides its seed decides which examples a run sees, and when."""
        at = (id(run.rows), id(run.fit))
        if at not in self._texts:
            told: list[Any] = [run.rows, self.task.valid]
            if perturbs(run.fit):
                told.append({name: getattr(run.fit, name) for name in PERTURBATIONS})
            # The run is kept with it: no other spec may get these ids.
            self._texts[at] = (canonical_json(told), run)
        return self._texts[at][0]

    def of(self, run: Run) -> Split:
        """Return a run's rows."""
        at = (run.seed, run.rows)
        if at not in self._drawn:
            while len(self._drawn) >= SPLITS_KEPT:
                del self._drawn[next(iter(self._drawn))]
            self._drawn[at] = self.task.split(run.seed, run.rows)
        return self._drawn[at]


@dataclass(eq=False, slots=True)
class Training:
    """A run between its first and its last step."""

    run: Run
    key: str
    program: AnyProgram
    n_valid: int
    batches: str
    """Runs with equal `batches` and epoch see the same examples at the same time."""
    split: Split | None = None
    """Its rows, while it trains: those of a thousand waiting runs would fill the memory."""
    epoch: int = 0
    step: int = 0
    sums: tuple[float, float, float] = (0.0, 0.0, 0.0)
    first_loss: float = math.nan
    history: dict[str, array[float]] = field(default_factory=dict)
    correct: dict[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0
    status: Status | None = None
    diverged_epoch: int | None = None
    state: dict[str, Tensor] | None = None
    best: dict[str, Tensor] | None = None
    """The weights of its best epoch, where it ends with them."""
    best_epoch: int | None = None
    good: dict[str, Tensor] | None = None
    """All that it carried along after its best epoch in training, where it may rewind."""
    good_epoch: int = 0
    n_rewinds: int = 0
    looks: dict[str, list[float]] = field(default_factory=dict)
    """What was seen of its hidden layers in this epoch; see `engine.probe`."""
    _checkpoint: Callable[[], bytes] | None = None

    @classmethod
    def begin(cls, run: Run, splits: Splits) -> Training:
        """Look up a run's rows and compile its program."""
        return cls(
            run=run,
            key=run.key,
            program=splits.program(run),
            n_valid=splits.sizes(run)[1],
            batches=splits.batches(run),
        )

    @property
    def n_params(self) -> int:
        """All numbers that the run learns: vectors of linear models have room for more inputs."""
        program, net = self.program, self.run.net
        if isinstance(net, MLP) and net.inputs and isinstance(program, Program):
            return program.n_params - (program.widths[0] - net.inputs) * program.widths[1]
        return program.n_params

    @property
    def rows(self) -> Split:
        """The rows of a run that trains."""
        assert self.split is not None
        return self.split

    def record(self, metrics: dict[str, float]) -> None:
        """Add an epoch's metrics; NaN loses its sign, as it does in a checkpoint."""
        for name, value in metrics.items():
            seen = self.history.setdefault(name, array("d"))
            seen.append(math.nan if math.isnan(value) else value)

    def record_looks(self) -> None:
        """Add the means of the epoch's looks."""
        self.record({name: math.fsum(seen) / len(seen) for name, seen in self.looks.items()})
        self.looks.clear()

    def has_diverged(self, loss: float, zero_loss: float) -> bool:
        """Say whether the run has diverged, see `divergence.has_diverged`."""
        return has_diverged(loss, self.first_loss, zero_loss)

    def diverge(self) -> None:
        """Note that the run has diverged in its last epoch: it is valid for nothing there."""
        self.status, self.diverged_epoch = "diverged", self.epoch
        for name, values in self.history.items():
            if name.startswith(("valid_", "test_")) and len(values) == self.epoch:
                values[-1] = math.nan

    @property
    def rate_factor(self) -> float:
        """By which rewinds have lowered its learning rate."""
        return self.run.fit.rewind_factor**self.n_rewinds

    def rewind(self) -> bool:
        """Take back a diverged run's epochs after its good one, if it may; return whether."""
        if self.n_rewinds == self.run.fit.rewinds:
            return False
        self.n_rewinds += 1
        self.status, self.diverged_epoch = None, None
        self.epoch = self.good_epoch
        for values in self.history.values():
            del values[self.epoch :]
        if self.best_epoch is not None and self.best_epoch > self.epoch:
            self.best_epoch = self.best = None
        return True

    def is_good(self, zero_loss: float) -> bool:
        """Say whether the last epoch has a lower training loss than all before, and the start."""
        losses = self.history["train_loss"]
        before = losses[self.good_epoch - 1] if self.good_epoch else max(self.first_loss, zero_loss)
        return losses[-1] < before

    def seen_losses(self) -> tuple[float, ...]:
        """Return the losses of the epochs behind it, if its schedule looks at them."""
        if self.run.optim.schedule.kind != "plateau":
            return ()
        return tuple(self.history.get("valid_loss") or self.history.get("train_loss") or ())

    def watch(self) -> bool:
        """Take note of the last epoch's `monitor`; return whether it is the best so far."""
        monitor, best = self.run.fit.monitor, self.best_epoch
        watched = self.history[monitor]
        if best is not None and not is_better(monitor, watched[-1], watched[best - 1]):
            return False
        self.best_epoch = self.epoch
        return True

    def end_test(self, right: NDArray[Any] | None) -> None:
        """Note the test of a finished run at the epoch that its weights come from.

        Args:
            right: which examples are, (T,), where that is kept.
        """
        if self.best and self.best_epoch is not None and self.best_epoch < self.epoch:
            for name, values in self.history.items():
                if name.startswith("test_"):
                    values[self.best_epoch - 1], values[-1] = values[-1], math.nan
        if right is not None:
            self.correct["test"] = np.packbits(right).tobytes()

    @property
    def is_patient(self) -> bool:
        """Whether the run goes on."""
        best = self.best_epoch
        return best is None or not is_over(self.epoch, best, self.run.fit.patience)

    def outcome(self, provenance: str) -> Outcome:
        """Return what came of the run."""
        assert self.status is not None
        return Outcome(
            key=self.key,
            provenance=provenance,
            status=self.status,
            epochs=self.epoch,
            history={name: Series.of(values) for name, values in self.history.items()},
            seconds=self.seconds,
            n_params=self.n_params,
            diverged_epoch=self.diverged_epoch,
            best_epoch=self.best_epoch if self._restores else None,
            correct=dict(self.correct),
        )

    @property
    def _restores(self) -> bool:
        return self.status == "finished" and self.best is not None

    def freeze(self, state: dict[str, Tensor]) -> bytes:
        """Write the run's state as safetensors bytes; `resume` goes on to the same bits."""
        note = {
            "key": self.key,
            "epoch": self.epoch,
            "step": self.step,
            # Hexadecimal: exact, and NaN and infinities have a form.
            "sums": [value.hex() for value in self.sums],
            "history": {k: [v.hex() for v in values] for k, values in self.history.items()},
            "seconds": self.seconds,
            "first_loss": self.first_loss.hex(),
            "best_epoch": self.best_epoch,
            "n_rewinds": self.n_rewinds,
            "good_epoch": self.good_epoch,
            "looks": {name: [v.hex() for v in seen] for name, seen in self.looks.items()},
        }
        best = {f"{_BEST}{name}": tensor for name, tensor in (self.best or {}).items()}
        good = {f"{_GOOD}{name}": tensor for name, tensor in (self.good or {}).items()}
        return tensor_bytes(state | best | good, {"training": json.dumps(note)})

    def resume(self, read: Callable[[], bytes]) -> None:
        """Take note of how far the checkpoint is that `read` gets; its state waits for `thaw`.

        Raises:
            StoreError: the bytes are not what `freeze` wrote.
        """
        self._take_up(read(), tensors=False)
        self._checkpoint = read

    def thaw(self) -> None:
        """Take up the state of a run that was resumed, as it takes its seat; never many at once.

        Raises:
            StoreError: the bytes are not such a state.
        """
        if self._checkpoint is not None:
            self._take_up(self._checkpoint(), tensors=True)
            self._checkpoint = None

    def _take_up(self, blob: bytes, tensors: bool) -> None:
        """Take up a checkpoint, with or without its tensors."""
        from safetensors.torch import load

        try:
            # safetensors begin with a JSON header: the note is read without tensors.
            size = int.from_bytes(blob[:8], "little")
            note: dict[str, Any] = json.loads(blob[8 : 8 + size])["__metadata__"]
            note = json.loads(note["training"])
            if note["key"] != self.key:
                raise ValueError(f"it is of run {note['key']}")
            if tensors:
                found = load(blob)
                self.best = _part(found, _BEST) or None
                self.good = _part(found, _GOOD) or None
                self.state = {n: t for n, t in found.items() if not n.startswith((_BEST, _GOOD))}
            self.best_epoch = note.get("best_epoch")
            self.n_rewinds = note.get("n_rewinds", 0)
            self.good_epoch = note.get("good_epoch", 0)
            self.epoch, self.step = note["epoch"], note["step"]
            loss, hit, norm = (float.fromhex(value) for value in note["sums"])
            self.sums = (loss, hit, norm)
            self.history = {
                name: array("d", map(float.fromhex, values))
                for name, values in note["history"].items()
            }
            self.looks = {
                name: [float.fromhex(value) for value in seen]
                for name, seen in note.get("looks", {}).items()
            }
            self.seconds = float(note["seconds"])
            self.first_loss = float.fromhex(note["first_loss"])
            self._check_position()
        except Exception as problem:
            raise StoreError(f"checkpoint of run {self.key}: cannot be read ({problem})") from None

    def _check_position(self) -> None:
        """Refuse a place in training that the run has not, or whose epochs it has not recorded."""
        ranges = {
            "epoch": range(self.run.fit.epochs),
            "step": range(len(self.program.batch_sizes)),
            "good_epoch": range(self.epoch + 1),
            "n_rewinds": range(self.run.fit.rewinds + 1),
        }
        if self.best_epoch is not None:
            ranges["best_epoch"] = range(1, self.epoch + 1)
        for name, sound in ranges.items():
            value = getattr(self, name)
            if type(value) is not int or value not in sound:
                raise ValueError(f"its {name} is {value!r}"[:80])
        longest = max(map(len, self.history.values()), default=0)
        if not longest == len(self.history.get("train_loss", ())) == self.epoch:
            raise ValueError(f"a history of {longest} epochs, not of {self.epoch}")
        if not math.isfinite(self.seconds):
            raise ValueError(f"it took {self.seconds} seconds")


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return those whose names begin with a prefix, without it."""
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
