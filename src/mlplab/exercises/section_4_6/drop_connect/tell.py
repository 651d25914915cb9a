"""What the page shows: accuracies by where noise is put, by its rate, and how strong it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import metric_by_factor, quantity
from mlplab.exercises.charts import line_chart, strip_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.grid_edges import edges_of
from mlplab.exercises.section_4_6.drop_connect.design import (
    AFTER,
    ARMS,
    BEFORE,
    EACH,
    WEIGHTS,
    looked_into,
)
from mlplab.exercises.section_4_6.drop_connect.pre_activation import (
    RATES,
    SIMULATED,
    variance,
)
from mlplab.exercises.section_4_6.setting import CHAPTER_RATES
from mlplab.exercises.told import means, summary_table
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.tuned import best_per_level
from mlplab.exercises.uncertainty_bands import RANGE_BAND, T_BAND

if TYPE_CHECKING:
    from mlplab.draw import Figure
    from mlplab.experiment import Runs

_N_IMAGES, _N_MASKS = 20, 128  # of the simulation


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    same, tanh, small, rates, own = (
        results.runs[name] for name in ("same rates", "tanh", "own masks", "rates", "own rate")
    )
    values: dict[str, Any] = {
        "n_seeds": len(same.experiment.seeds),
        "epochs": same.experiment.base.fit.epochs,
        "n_train": n_train(same),
        "first_rate": CHAPTER_RATES[0],
        "second_rate": CHAPTER_RATES[1],
        "n_rate_seeds": len(rates.experiment.seeds),
        "n_failed": _failed(same, WEIGHTS),
        "identical": _identical(same, AFTER, BEFORE),
        "tanh_identical": _identical(tanh, AFTER, BEFORE),
    }
    for name, arm in ARMS.items():
        for metric in ("test_accuracy", "train_loss"):
            values[f"{metric}_{name}"] = _mean(same, arm, metric)
    for name, arm in (("after", AFTER), ("before", BEFORE)):
        values[f"tanh_{name}"] = _mean(tanh, arm, "test_accuracy")
    values |= {
        "n_small": n_train(small),
        "small_epochs": small.experiment.base.fit.epochs,
        "small_width": small.experiment.base.mlp.hidden[0],
    }
    for name, arm in {**ARMS, "each": EACH}.items():
        if name != "before":  # for ReLU what it is behind
            values[f"small_{name}"] = _mean(small, arm, "test_accuracy")
    chosen = best_per_level(rates, ["net.noise"])
    for name, arm in (("before", BEFORE), ("weights", WEIGHTS)):
        found = chosen[arm["net.noise"],]
        values[f"rate_{name}"] = found["net.noise_strength"]
        values[f"own_{name}"] = _mean(own, found, "test_accuracy")
    noise, relative = _noise(same, results.progress)
    tuned = metric_by_factor(
        rates.frame(last=True),
        "net.noise_strength",
        "valid_accuracy",
        series="net.noise",
        band=RANGE_BAND,
        log=True,
        name="accuracy-by-rate",
    )
    metrics = ["train_loss", "valid_accuracy", "test_accuracy"]
    return Findings(
        {**values, **relative},
        (_accuracies(same), tuned, noise),
        {"arms": summary_table({"chapter": same, "own rate": own, "own masks": small}, metrics)},
        edges=edges_of(rates, ["net.noise"]),
    )


def _label(runs: Runs, arm: Mapping[str, Any]) -> str:
    return runs.experiment.find(dict(arm)).label


def _mean(runs: Runs, arm: Mapping[str, Any], metric: str) -> float:
    return means(runs, metric)[_label(runs, arm)]


def _failed(runs: Runs, arm: Mapping[str, Any]) -> int:
    label = _label(runs, arm)
    return sum(one.n_failed for one in runs.summary("train_loss") if one.arm == label)


def _identical(runs: Runs, one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    """Count the seeds on which two arms have the same losses and accuracies to the last bit."""
    frame = runs.frame()
    metrics = [name for name in frame if str(name).startswith(("train_", "valid_", "test_"))]
    courses = []
    for arm in (one, other):
        rows = frame[frame["arm"] == _label(runs, arm)].sort_values(["seed", "epoch"])
        courses.append({seed: part[metrics].to_numpy() for seed, part in rows.groupby("seed")})
    first, second = courses
    return sum(np.array_equal(first[seed], second[seed], equal_nan=True) for seed in first)


def _accuracies(same: Runs) -> Figure:
    frame = same.frame(last=True)
    return strip_chart(
        {
            name: frame.loc[frame["arm"] == _label(same, arm), "test_accuracy"]
            for name, arm in ARMS.items()
        },
        "accuracy-by-place",
        group="dropped",
        measure=quantity("test_accuracy"),
        band=T_BAND,
    )


def _noise(same: Runs, progress: Any) -> tuple[Figure, dict[str, float]]:
    """Draw the noise of the second layer's sums as a share of their mean square.

    Of a network trained without noise, on validation images: by formula and simulated.
    """
    cell = looked_into(same.cells)
    weights = same.weights(cell.arm, cell.seed, progress=progress or False)
    task = same.experiment.data
    size = cell.run.fit.batch_size
    rows = task.split(cell.seed, cell.run.rows).valid[:size]
    images = np.asarray(task.inputs[rows], dtype=np.float64) * task.input_scale
    layers = [
        (weights[f"layers.{i}.weight"].astype(np.float64), weights[f"layers.{i}.bias"])
        for i in range(2)
    ]
    batch = np.maximum(images @ layers[0][0].T + layers[0][1], 0)
    below = batch[:_N_IMAGES]
    weight, bias = layers[1]
    square = float(((below @ weight.T + bias) ** 2).mean())
    rows_drawn = [("in front of the activation", rate, rate / (1 - rate)) for rate in RATES]
    for rate in RATES:
        share = float(variance(weight, below, rate).mean()) / square
        rows_drawn.append(("weights or inputs, by formula", rate, share))
    for name, sums in SIMULATED.items():
        for rate in RATES:
            found = float(sums(weight, below, rate, _N_MASKS).var(0, ddof=1).mean())
            rows_drawn.append((f"{name}, simulated", rate, found / square))
    figure = line_chart(
        rows_drawn,
        "noise-by-rate",
        x_title="rate",
        y="variance of the noise / mean square of the sum",
        log_y=True,
    )
    second = CHAPTER_RATES[1]
    # A mask of the whole batch leaves its noise in the batch's mean; masks of examples average out.
    of_mean = variance(weight, batch.mean(0, keepdims=True), second).mean()
    return figure, {
        "batch_size": size,
        "batch_ratio": float(len(batch) * of_mean / variance(weight, batch, second).mean()),
        "noise_front": second / (1 - second),
        "noise_weights": float(variance(weight, below, second).mean()) / square,
        "n_images": len(below),
    }
