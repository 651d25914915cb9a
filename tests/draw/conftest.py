"""Made-up runs: what a frame of an experiment looks like, small enough for many charts."""

import functools
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mlplab.draw import (
    Figure,
    best_set,
    calibration_chart,
    confusion_grid,
    critical_differences,
    estimate_histogram,
    gap_map,
    heat_map,
    interaction_plot,
    interval_rows,
    learning_curves,
    loss_surface,
    main_effects,
    metric_by_factor,
    paired_differences,
    quantity,
    sample_histograms,
    scatter,
    spread_strips,
    trials_by_factor,
)
from mlplab.specs import Verdict

WIDTHS, RATES, SEEDS, EPOCHS = (16, 64, 256), (0.01, 0.1, 10.0), range(6), range(1, 6)


@pytest.fixture(scope="session")
def course() -> pd.DataFrame:
    """One row per run and epoch; the rate of 10 diverges after two epochs."""
    rng = np.random.default_rng(0)
    rows = []
    for width in WIDTHS:
        for rate in RATES:
            for seed in SEEDS:
                for epoch in EPOCHS:
                    lost = rate == 10.0 and epoch > 2
                    value = 0.9 - 1 / width - 0.1 / epoch + float(rng.normal(0, 0.01))
                    rows.append(
                        {
                            "key": f"{width}-{rate}-{seed}",
                            "arm": f"hidden={width} lr={rate}",
                            "seed": seed,
                            "net.hidden": width,
                            "optim.lr": rate,
                            "epoch": epoch,
                            "status": "diverged" if rate == 10.0 else "finished",
                            "valid_accuracy": math.nan if lost else value,
                        }
                    )
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def runs(course: pd.DataFrame) -> pd.DataFrame:
    """One row per run."""
    return course[course["epoch"] == max(EPOCHS)].reset_index(drop=True)


@pytest.fixture(scope="session")
def finished(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of one rate that did not diverge."""
    return runs[runs["optim.lr"] == 0.1].reset_index(drop=True)


@pytest.fixture(scope="session")
def verdicts() -> tuple[Verdict, ...]:
    """Two claims with their verdicts."""
    common = {"n_seeds": 6, "matters": 0.005, "level": 0.975, "metric": "valid_accuracy"}
    return (
        Verdict(
            id="aa",
            says="A = B",
            verdict="equivalent",
            effect=0.001,
            interval=(-0.002, 0.004),
            **common,
        ),
        Verdict(
            id="bb", says="A > C", verdict="supported", effect=0.02, interval=(0.01, 0.03), **common
        ),
    )


@pytest.fixture(scope="session")
def differences() -> pd.DataFrame:
    """Six paired differences for each of the two claims."""
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "claim": ["aa"] * 6 + ["bb"] * 6,
            "seed": [*range(6), *range(6)],
            "difference": [*rng.normal(0.001, 0.003, 6), *rng.normal(0.02, 0.01, 6)],
        }
    )


@pytest.fixture(scope="session")
def draw_one(
    course: pd.DataFrame,
    runs: pd.DataFrame,
    finished: pd.DataFrame,
    differences: pd.DataFrame,
    verdicts: tuple[Verdict, ...],
) -> Callable[[str], Figure]:
    """Return a chart of each kind, by name; each is made once."""
    title = {"en": "The finding", "zh": "发现"}
    accuracy = "valid_accuracy"
    made: dict[str, Figure] = {}

    def make(kind: str) -> Figure:
        match kind:
            case "curves":
                return learning_curves(course, accuracy, by="net.hidden", title=title)
            case "factor":
                return metric_by_factor(
                    runs,
                    "net.hidden",
                    accuracy,
                    title=title,
                    log=True,
                    series="optim.lr",
                    references={"as published": 0.87},
                )
            case "words":
                return metric_by_factor(finished, "arm", accuracy, title=title)
            case "paired":
                return paired_differences(differences, verdicts, title=title)
            case "heat":
                return heat_map(
                    runs, "optim.lr", "net.hidden", accuracy, title=title, chosen=(0.1, 256)
                )
            case "best":
                return best_set(
                    finished,
                    accuracy,
                    by="net.hidden",
                    candidates=[256],
                    near_best=[64, 256],
                    matters=0.005,
                    title=title,
                )
            case "critical":
                return critical_differences(finished, accuracy, by="net.hidden", title=title)
            case "surface":
                grid = [(x / 4, y / 3) for y in range(-3, 4) for x in range(-4, 5)]
                bowl = pd.DataFrame(grid, columns=["x", "y"])
                bowl["loss"] = 0.1 + bowl["x"] ** 2 + 3 * bowl["y"] ** 2
                return loss_surface(bowl, {"trained": (0.0, 0.0), "far": (1, 1)}, title=title)
            case "strips":
                return spread_strips(
                    differences,
                    "claim",
                    "difference",
                    title=title,
                    measure=quantity(accuracy),
                    differences=True,
                )
            case "scatter":
                points = pd.DataFrame({"row": range(30), "value": np.linspace(1.0, 50.0, 30)})
                points["mean"] = points["value"] * np.geomspace(0.8, 1.3, 30)
                points["worst"] = points["row"] > 27
                return scatter(
                    points, "value", "mean", title=title, x_title="true price",
                    y_title="predicted price", outline="worst", log=True, caption=title,
                    words={"true price": "真实价格"},
                )  # fmt: skip
            case "rows":
                bars = pd.DataFrame({"column": ["area", "zone"], "mean": [0.3, -0.01]})
                bars = bars.assign(low=bars["mean"] - 0.05, high=[0.35, np.nan])
                return interval_rows(
                    bars, "column", title=title, x_title="rise", y_title="column", caption=title,
                    words={"rise": "上升"},
                )  # fmt: skip
            case "confusion":
                pairs = [(a, b) for a in "xyz" for b in "xyz"]
                told = pd.DataFrame(pairs, columns=["true", "predicted"])
                told = told.assign(n=range(9), share=[(place % 3) / 3 for place in range(9)])
                return confusion_grid(told, title=title, caption=title, words={"rows": "行数"})
            case "gaps":
                blocks = [(c, 10 * b, 10, (b % 4) / 4) for c in ("area", "zone") for b in range(9)]
                gaps = pd.DataFrame(blocks, columns=["column", "first_row", "n_rows", "share"])
                return gap_map(gaps, title=title, caption=title, words={"row": "行"})
            case "main-effects":
                levels = pd.DataFrame({"kind": "deviation", "factor": ["optim.lr"] * 2})
                levels = levels.assign(level=[0.1, 0.3], mean=[-0.01, 0.01], low=-0.02, high=0.02)
                return main_effects(levels, accuracy, title=title)
            case "interaction":
                sound = runs[runs["optim.lr"] < 10]
                return interaction_plot(sound, "lr", "hidden", accuracy, title=title, log=True)
            case "trials":
                tried = pd.DataFrame({"optim.lr": [0.01, 0.02, 0.2, 0.3]})
                tried = tried.assign(valid_accuracy=[0.5, 0.7, 0.8, np.nan])
                bins = pd.DataFrame({"value": None, "from": [0.01, 0.2], "to": [0.02, 0.3]})
                bins = bins.assign(mean=[0.6, 0.8], low=[0.4, np.nan], high=[0.8, np.nan])
                return trials_by_factor(
                    tried, bins.assign(trials=[2, 1]), "lr", accuracy, title=title, caption=title,
                    log=True,
                )  # fmt: skip
            case "calibration":
                ranges = pd.DataFrame({"probability": [0.1, 0.6], "observed": [0.2, 0.5]})
                ranges = ranges.assign(low=[0.05, 0.4], high=[0.4, 0.7], n=[20, 30])
                return calibration_chart(
                    ranges, title=title, caption=title, words={"probability given": "概率"}
                )
            case "samples":
                rng = np.random.default_rng(3)
                return sample_histograms(
                    {"old": rng.normal(0, 1, 60), "new": rng.normal(1, 1, 40)},
                    title=title, caption=title, x_title="score", words={"old": "旧", "new": "新"},
                )  # fmt: skip
            case _:
                values = np.random.default_rng(2).normal(0, 1, 50)
                return estimate_histogram(
                    list(values),
                    title=title,
                    measure=quantity("test_loss"),
                    interval=(-1, 1),
                    references={"truth": 0.0},
                )

    def get(kind: str) -> Figure:
        if kind not in made:
            made[kind] = make(kind)
        return made[kind]

    return get


@pytest.fixture(scope="session")
def svg_of(draw_one: Callable[[str], Figure]) -> Callable[..., str]:
    """Return the SVG of a chart; each is drawn once."""
    return functools.cache(
        lambda kind, theme="light", language="en": draw_one(kind).svg(theme, language=language)
    )
