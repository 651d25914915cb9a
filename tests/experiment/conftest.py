"""A task of a few rows, and a backend whose results are formulas instead of training."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.disks import small_disk  # noqa: F401  (a fixture)
from tests.places import place  # noqa: F401  (a fixture)

from mlplab.data import Task, task_from_arrays
from mlplab.engine.events import Checkpointed, Ended, Event, Progressed
from mlplab.experiment import Backend, Experiment
from mlplab.specs import Fit, Outcome, Provenance, Run
from mlplab.store import Store

Score = Callable[[Run], float]
HERE = Provenance("fake", "0", "exact", "1")


@pytest.fixture
def experiment(task: Task) -> Experiment:
    """Three rates, four seeds, two epochs."""
    return Experiment(task, Run(fit=Fit(epochs=2)), {"lr": [0.1, 0.2, 0.3]}, seeds=4, name="rates")


def noise(*names: Any) -> float:
    """A number in [-1, 1) that depends on the names alone."""
    digest = hashlib.sha256(repr(names).encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**31 - 1


def default_score(run: Run) -> float:
    """Accuracy that grows with the rate; runs of one seed share most of their noise."""
    shared, own = noise("shared", run.seed), noise("own", run.seed, run.optim.lr, run.net.hidden)
    return 0.8 + 0.1 * run.optim.lr + 0.02 * shared + 0.004 * own


def answers(run: Run, outcome: Outcome, n_test: int) -> dict[str, bytes]:
    """As many right answers as the accuracy says; hard examples are those at the end."""
    if outcome.status == "diverged":
        return {}
    rng = np.random.default_rng([run.seed, int(1000 * run.optim.lr)])
    ease = np.arange(n_test) + 0.1 * n_test * rng.normal(size=n_test)
    right = ease <= np.quantile(ease, min(1.0, outcome.last("test_accuracy")))
    return {"test": np.packbits(right).tobytes()}


@dataclass
class Fake:
    """What a test sets and sees of the backend."""

    score: Score = default_score
    diverges: Callable[[Run], bool] = lambda run: False
    provenance: Provenance = HERE
    stop_after: int | None = None
    stop_with: type[BaseException] = KeyboardInterrupt
    checkpoint: bool = False
    trained: list[Run] = field(default_factory=list, repr=False)
    calls: list[dict[str, Any]] = field(default_factory=list, repr=False)
    closed: int = 0

    @property
    def backend(self) -> Backend:
        return Backend(self.execute, lambda device: self.provenance, self.cost, self.predict)

    def execute(
        self, runs: Sequence[Run], task: Task, **settings: Any
    ) -> Generator[Event, None, None]:
        resume = dict(settings.get("resume", {}))  # readable while the runs train
        self.calls.append({"runs": list(runs), **settings, "resume": resume})
        try:
            for number, run in enumerate(runs):
                if number == self.stop_after:
                    raise self.stop_with
                if self.checkpoint:
                    yield Checkpointed(run.key, 1, 10, b"half of " + run.key.encode())
                yield Progressed(float(run.fit.epochs))
                self.trained.append(run)
                outcome = self.outcome(run, task)
                if settings.get("keep_correct") and "test_accuracy" in outcome.history:
                    outcome = replace(outcome, correct=answers(run, outcome, task.n_test))
                yield Ended(outcome, self.weights(run, settings))
        finally:
            self.closed += 1

    def outcome(self, run: Run, task: Task) -> Outcome:
        epochs, lost = run.fit.epochs, self.diverges(run)
        last = float("nan") if lost else self.score(run)
        counts = "accuracy" if task.kind == "classification" else "rmse"
        curve = tuple(last * (epoch + 1) / epochs for epoch in range(epochs))
        history = {f"train_{counts}": curve, "train_loss": tuple(1 - value for value in curve)}
        if task.n_valid or run.rows.kind == "fold":
            history |= {f"valid_{counts}": curve, "valid_loss": history["train_loss"]}
        if task.n_test and run.fit.test != "never":
            history |= {f"test_{counts}": curve[-1:], "test_loss": history["train_loss"][-1:]}
        for name in run.fit.measures:
            own = name != "grad_norm"
            history |= {f"valid_{name}": curve, f"test_{name}": curve} if own else {name: curve}
        return Outcome(
            run.key,
            self.provenance.id,
            "diverged" if lost else "finished",
            epochs,
            history,
            0.01,
            7,
            1 if lost else None,
        )

    def weights(self, run: Run, settings: Mapping[str, Any]) -> bytes | None:
        if not settings["keep_weights"] or self.diverges(run):
            return None
        from safetensors.numpy import save

        return save({"layers.0.bias": np.array([run.seed, run.optim.lr], dtype=np.float64)})

    def cost(self, runs: Sequence[Run], task: Task, workers: int | None) -> Any:
        epochs = sum(run.fit.epochs for run in runs)
        return SimpleNamespace(runs=len(runs), flop=10.0 * epochs, seconds=0.1 * epochs, bytes=64)

    def predict(self, run: Run, weights: bytes, X: np.ndarray, task_scale: float) -> np.ndarray:
        from safetensors.numpy import load

        seed, lr = load(weights)["layers.0.bias"]
        shift = np.array([0.0, seed, 10 * lr])
        return X.sum(axis=1, keepdims=True) * task_scale + shift


def wait_until(holds: Callable[[], bool], seconds: float = 2.0) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def waiting() -> Callable[..., bool]:
    return wait_until


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def make_fake() -> Callable[..., Fake]:
    return Fake


@pytest.fixture
def noisy() -> Callable[..., float]:
    return noise


@pytest.fixture
def task() -> Task:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3000, 4)), np.arange(3000) % 3
    return task_from_arrays(X[:2000], y[:2000], X[2000:], y[2000:], valid=500)


@pytest.fixture
def store() -> Store:
    return Store(":memory:")
