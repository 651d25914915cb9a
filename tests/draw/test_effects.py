"""Main effects and interactions as pictures: what they leave in, and what they take out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mlplab.draw import interaction_plot, main_effects
from mlplab.errors import ConfigError


def _grid(interaction: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 0.1, 6)
    return pd.DataFrame(
        [
            {"lr": lr, "norm": norm, "depth": depth, "seed": seed, "status": "finished",
             "test_accuracy": 0.5 + lr + 0.1 * (norm == "batch") + 0.05 * depth + shared[seed]
             + interaction * (norm == "batch") * (lr == 0.2)}
            for lr in (0.1, 0.2) for norm in ("none", "batch") for depth in (1, 2)
            for seed in range(6)
        ]
    )  # fmt: skip


def _lines(frame: pd.DataFrame) -> dict[str, list[float]]:
    spec = interaction_plot(frame, "lr", "norm", "test_accuracy", title="t").spec()
    rows = next(rows for rows in spec["datasets"].values() if "low" in rows[0])
    return {name: [row["mean"] for row in rows if row["series"] == name]
            for name in ("none", "batch")}  # fmt: skip


def test_lines_of_factors_that_add_up_are_parallel_and_seeds_leave_no_spread() -> None:
    lines = _lines(_grid())
    steps = np.subtract(lines["batch"], lines["none"])
    assert steps == pytest.approx([10.0, 10.0], abs=1e-4)  # percentage points
    figure = interaction_plot(_grid(), "lr", "norm", "test_accuracy", title="t")
    assert (figure.data["high"] - figure.data["low"]).max() == pytest.approx(0, abs=1e-9)


def test_the_interaction_is_the_difference_of_the_steps() -> None:
    lines = _lines(_grid(0.03))
    assert np.diff(np.subtract(lines["batch"], lines["none"]))[0] == pytest.approx(3.0, abs=1e-4)


def test_a_seed_with_a_diverged_run_is_left_out_whole() -> None:
    frame = _grid()
    lost = (frame["seed"] == 2) & (frame["lr"] == 0.1) & (frame["norm"] == "none")
    frame.loc[lost, "status"] = "diverged"
    figure = interaction_plot(frame, "lr", "norm", "test_accuracy", title="t")
    assert set(figure.data["seed"]) == {0, 1, 3, 4, 5}
    with pytest.raises(ConfigError, match="expected a seed on which every run finished"):
        interaction_plot(frame[frame["seed"] == 2], "lr", "norm", "test_accuracy", title="t")


def test_factors_of_one_name_keep_their_paths_apart() -> None:
    paths = ["optim.settings.beta", "net.settings.beta"]
    frame = pd.DataFrame({"kind": "deviation", "factor": np.repeat(paths, 2), "level": [1, 2] * 2})
    frame = frame.assign(mean=[-1.0, 1.0, -2.0, 2.0], low=-3.0, high=3.0)
    spec = main_effects(frame, "test_loss", title="t").spec()
    labels = [row["label"] for rows in spec["datasets"].values() for row in rows if "label" in row]
    assert labels == [f"{path} {level}" for path in paths for level in (1, 2)]
