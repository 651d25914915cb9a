"""What trained networks predict on the test images with dropout off, on, and averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mlplab.data import Task
from mlplab.errors import ConfigError
from mlplab.exercises.profile import Profile
from mlplab.experiment import Runs
from mlplab.experiment.weights import run_weights
from mlplab.specs import Run
from mlplab.stats import calibration, fit_temperature

Floats = NDArray[np.float64]

OFF, SCALED = "off", "off, temperature fitted"
MEASURES = ("accuracy", "nll", "brier", "ece", "ece_if_calibrated", "confidence")
LOOK = "predictions of fixed arms"
"""What the look at the test split is for."""
AVERAGED = 30
"""Samples in the Monte-Carlo mean that the claims are about."""
COUNTS = (1, 2, 5, 10, AVERAGED)


def mean_of(n_samples: int) -> str:
    """Return the name of the mean of so many samples."""
    return f"mean of {n_samples}"


@dataclass(frozen=True, eq=False)
class Predictions:
    """How well each way of predicting does on the test images, and how much samples differ.

    Attributes:
        scores: way -> measure -> one number per network, (R,).
        unstable: share of images that two samples of one network put into different classes, (R,).
        between_seeds: the same between two networks with dropout off: mean over pairs.
        temperatures: fitted on each network's validation images, (R,); 1 where none is best.
        bins: way -> the first network's columns for `draw.calibration_chart`.
        n_test: test images.
    """

    scores: Mapping[str, Mapping[str, Floats]]
    unstable: Floats
    between_seeds: float
    temperatures: Floats
    bins: Mapping[str, Mapping[str, NDArray[np.generic]]]
    n_test: int

    def gain(self, measure: str, way: str, than: str = OFF) -> Floats:
        """Return by how much a measure is higher one way than another, (R,)."""
        return np.asarray(self.scores[way][measure] - self.scores[than][measure])


@lru_cache(maxsize=1)
def predictions(runs: Runs, profile: Profile) -> Predictions:
    """Predict the test images with every finished network: one logged look.

    Cost: `profile.pick(30, 60, 120)` forward passes of each network.
    """
    task = runs.experiment.data
    cells = [cell for cell in runs.cells if runs.outcomes[cell.key].status == "finished"]
    blobs = run_weights(cells, runs, progress=False)
    rows = task.test_rows(LOOK)
    runs.setup.store.log_look("test", LOOK, runs.experiment.title, len(cells), False)
    found = [
        _predict(cell.run, blob, task, rows, profile.pick(30, 60, 120))
        for cell, blob in zip(cells, blobs, strict=True)
    ]
    answers = np.stack([one.classes for one in found])
    pairs = [float((answers[a] != answers[b]).mean()) for a in range(len(found)) for b in range(a)]
    return Predictions(
        scores={
            way: {
                # Sums over an array depend in their last bits on where it lies in memory.
                name: np.round([one.scores[way][place] for one in found], 9)
                for place, name in enumerate(MEASURES)
            }
            for way in found[0].scores
        },
        unstable=np.array([one.unstable for one in found]),
        between_seeds=float(np.mean(pairs)) if pairs else float("nan"),
        temperatures=np.round([one.temperature for one in found], 9),
        bins=found[0].bins,
        n_test=len(rows),
    )


@dataclass(frozen=True, eq=False)
class _Found:
    scores: Mapping[str, Floats]
    unstable: float
    temperature: float
    classes: NDArray[np.int64]
    bins: Mapping[str, Mapping[str, NDArray[np.generic]]]


def _predict(run: Run, blob: bytes, task: Task, rows: NDArray[np.int64], n_samples: int) -> _Found:
    """Predict with one network, whose samples are drawn by its own seed."""
    from scipy.special import softmax

    from mlplab.engine import predict, predict_samples
    from mlplab.engine.surroundings import single_thread

    valid = task.split(run.seed, run.rows).valid
    scale, truth = task.input_scale, np.asarray(task.targets[rows])
    logits = predict(run, blob, task.inputs[rows], scale).astype(np.float64)
    held_out = predict(run, blob, task.inputs[valid], scale)
    temperature = _temperature(held_out, np.asarray(task.targets[valid]))
    # Measured: with two threads the same takes four times the processor time.
    with single_thread():
        drawn = predict_samples(run, blob, task.inputs[rows], n_samples, scale=scale, seed=run.seed)
    samples = softmax(drawn.astype(np.float64), axis=-1)
    ways = {
        OFF: [softmax(logits, axis=-1)],
        SCALED: [softmax(logits / temperature, axis=-1)],
        **{mean_of(k): group_means(samples, k) for k in COUNTS},
    }
    shown = (OFF, mean_of(1), mean_of(AVERAGED))
    return _Found(
        scores={
            way: np.mean([scores(p, truth) for p in drawn], axis=0) for way, drawn in ways.items()
        },
        unstable=share_unstable(samples.argmax(-1), samples.shape[-1]),
        temperature=temperature,
        classes=logits.argmax(-1),
        bins={way: calibration(ways[way][0], truth).bins() for way in shown},
    )


def group_means(samples: Floats, k: int) -> Sequence[Floats]:
    """Return the means (N, C) of as many disjoint groups of k samples as (S, N, C) holds."""
    return [samples[at : at + k].mean(0) for at in range(0, len(samples) - k + 1, k)]


def scores(probabilities: Floats, truth: NDArray[np.int64]) -> Floats:
    """Return what `MEASURES` names; confidence is the mean probability of the predicted class."""
    found = calibration(probabilities, truth)
    accuracy = (probabilities.argmax(1) == truth).mean()
    confidence = probabilities.max(1).mean()
    return np.array(
        [accuracy, found.nll, found.brier, found.ece, found.ece_if_calibrated, confidence]
    )


def share_unstable(classes: NDArray[np.int64], n_classes: int) -> float:
    """Return how often two different samples of (S, N) predicted classes disagree.

    >>> classes = np.array([[0, 1], [0, 1], [0, 0]])  # of the second, two of three pairs
    >>> round(share_unstable(classes, 2), 3)
    0.333
    """
    n = len(classes)
    counts = np.stack([(classes == one).sum(0) for one in range(n_classes)])
    return float(1 - (counts * (counts - 1)).sum(0).mean() / (n * (n - 1)))


def _temperature(logits: NDArray[np.floating], truth: NDArray[np.int64]) -> float:
    try:
        return fit_temperature(logits, truth)
    except ConfigError:
        # A few images, all predicted right: no finite temperature is best.
        return 1.0
