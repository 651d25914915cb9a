"""What exercise 4.2.5 measures and tells: runs needed, and how hyper-parameters interact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.draw import Quantity, band_lines, heat_map, spread_strips
from mlplab.exercises.measured import Measured, decide_measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Findings
from mlplab.exercises.runs_needed import (
    NEAR,
    STRATEGIES,
    expected_runs,
    is_near,
    runs_needed,
    section_of,
)
from mlplab.exercises.search_table import (
    METRIC,
    NAMES,
    NAMES_ZH,
    Grid,
    grid_of,
    n_repetitions,
)
from mlplab.exercises.uncertainty_bands import REPETITION_BAND
from mlplab.exercises.wording import list_words, means, verdict_values
from mlplab.experiment import Runs
from mlplab.stats import Anova, functional_anova, without_noise

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
_CLIP = 0.05  # settings further than this from the best count as this far
_ADDED = "hyper-parameters that vary: rate, + batch size, + width, + layers, + epochs"
_SHORT = {"batch size": "batch"}


def tuned_apart(grid: Grid) -> tuple[int, ...]:
    """Return the place of the best value of each hyper-parameter, the others being usual."""
    mean = grid.scores.mean(axis=-1)
    usual = (*grid.usual, mean.shape[4] - 1)
    return tuple(
        int(np.argmax(mean[(*usual[:axis], slice(None), *usual[axis + 1 :])]))
        for axis in range(mean.ndim)
    )


def tuned_jointly(grid: Grid) -> tuple[int, ...]:
    """Return the place of the best setting of all."""
    mean = grid.scores.mean(axis=-1)
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mean)), mean.shape))


def in_words(grid: Grid, place: Sequence[int], language: str) -> str:
    """Name a setting in a sentence."""
    setting = grid.setting(place)
    names = NAMES_ZH if language == "zh" else {name: name for name in NAMES}
    return list_words([f"{names[name]} {value:g}" for name, value in setting.items()], language)


def variance_parts(grid: Grid, *, clipped: bool) -> Anova:
    """Return the variance over the table by sets of hyper-parameters, without that of seeds.

    Args:
        grid: the table.
        clipped: settings far below the best count as 5 points below it, so that what breaks
            training does not drown what tunes it.
    """
    scores = grid.scores
    if clipped:
        scores = np.maximum(scores, scores.mean(axis=-1).max() - _CLIP)
    return without_noise(functional_anova(scores, [*NAMES, "seed"]), "seed")


def tell(
    table: Runs, pair: Runs, fresh: Runs, profile: Profile, claims: Sequence[Measured]
) -> Findings:
    """Collect what the page of 4.2.5 says and shows."""
    grid = grid_of(table)
    more, grid_worse, model = decide_measured(claims)
    (interact,) = pair.verdicts()
    (apart,) = fresh.verdicts()
    needed = runs_needed(table, n_repetitions(profile))
    last = len(NAMES)
    joint, alone = tuned_jointly(grid), tuned_apart(grid)
    whole, clipped = (variance_parts(grid, clipped=clip) for clip in (False, True))
    best_rates = _best_rate_by_batch(grid)
    test = list(means(fresh, "test_accuracy").values())
    values: dict[str, Any] = {
        "n_settings": int(grid.scores[..., 0].size),
        "n_trained": len(table),
        "n_table_seeds": grid.n_seeds,
        "n_train": len(table.experiment.data.split(0, table.experiment.base.rows).train),
        "epochs": table.experiment.base.fit.epochs,
        "n_repetitions": n_repetitions(profile),
        "n_seeds": len(fresh.experiment.seeds),
        "near": 100 * NEAR,
        "clip": 100 * _CLIP,
        "main": whole.order(1),
        "pairs": whole.order(2),
        "higher": 1 - whole.order(1) - whole.order(2),
        "clipped_main": clipped.order(1),
        "clipped_pairs": clipped.order(2),
        "clipped_higher": 1 - clipped.order(1) - clipped.order(2),
        "largest_pair": _largest_pair(clipped),
        "largest_pair_share": max(s for f, s in clipped.shares.items() if len(f) == 2),
        "small_batch": min(best_rates),
        "large_batch": max(best_rates),
        "rate_small": best_rates[min(best_rates)],
        "rate_large": best_rates[max(best_rates)],
        "joint": {one: in_words(grid, joint, one) for one in ("en", "zh")},
        "alone": {one: in_words(grid, alone, one) for one in ("en", "zh")},
        "test_alone": test[0],
        "test_joint": test[-1],
        "tpe_all": int(sum(needed["tpe", last] >= grid.scores[..., 0].size)),
    }
    for n in (1, last):
        near = is_near(section_of(grid, n))
        values |= {
            f"settings_{n}": int(near.size),
            f"near_{n}": int(near.sum()),
            f"expected_{n}": expected_runs(int(near.size), int(near.sum())),
        }
        values |= {f"{name}_{n}": float(needed[name, n].mean()) for name in STRATEGIES}
    for name, verdict in {
        "more": more,
        "grid": grid_worse,
        "model": model,
        "interact": interact,
        "apart": apart,
    }.items():
        values |= verdict_values(f"verdict_{name}", verdict)
    figures = (
        _needed_figure(needed, values),
        _shares_figure(grid, clipped, values),
        _rates_figure(table, values),
    )
    return Findings(values, figures, _tables(grid, needed, whole, clipped))


def _best_rate_by_batch(grid: Grid) -> dict[int, float]:
    """Return each batch size's best rate at the chapter's width, depth and last epoch."""
    width, layers = grid.usual[2:]
    mean = grid.scores.mean(axis=-1)[:, :, width, layers, -1]
    rates = grid.levels["rate"]
    return {
        size: float(rates[int(np.argmax(mean[:, place]))])
        for place, size in enumerate(grid.levels["batch size"])
    }


def _largest_pair(parts: Anova) -> dict[str, str]:
    pair = max((f for f in parts.variances if len(f) == 2), key=lambda f: parts.variances[f])
    zh = "与".join(NAMES_ZH[name] for name in pair)
    return {"en": " and ".join(pair), "zh": zh}


def _needed_figure(
    needed: Mapping[tuple[str, int], NDArray[np.float64]], values: Mapping[str, Any]
) -> Figure:
    import pandas as pd

    rows = []
    for (name, n), runs in needed.items():
        centre, low, high = REPETITION_BAND.of(runs.tolist())
        rows.append((_LABELS[name], n, centre, max(low, 1.0), high, len(runs)))
    frame = pd.DataFrame(rows, columns=["series", "x", "mean", "low", "high", "n_seeds"])
    last = len(NAMES)
    figure = band_lines(
        frame,
        name="runs-needed",
        title={
            "en": f"From one hyper-parameter to {last}, random search goes from "
            f"{values['random_1']:.1f} to {values[f'random_{last}']:.1f} runs, a model to "
            f"{values[f'tpe_{last}']:.1f}, a grid to {values[f'grid_{last}']:.1f}",
            "zh": f"超参数从一个增加到 {last} 个，随机搜索所需的训练从 {values['random_1']:.1f} 次"
            f"变为 {values[f'random_{last}']:.1f} 次，模型搜索为 {values[f'tpe_{last}']:.1f} 次，"
            f"网格为 {values[f'grid_{last}']:.1f} 次",
        },
        x_title=_ADDED,
        y=Quantity("runs until one is within half a point of the best", False),
        caption=REPETITION_BAND.says,
        series_title="strategy",
        ordered=False,
        log_y=True,
    )
    return replace(figure, words=_WORDS)


_LABELS = {"grid": "grid, in order", "random": "random", "tpe": "model (TPE)"}
_WORDS = {
    "grid, in order": "网格（按顺序）",
    "random": "随机搜索",
    "model (TPE)": "模型（TPE）",
    "strategy": "策略",
    "runs until one is within half a point of the best": "直到与最优相差不超过半个百分点的训练次数",
    _ADDED: "变动的超参数：学习率，+ 批量，+ 宽度，+ 层数，+ 轮数",
}


def _shares_figure(grid: Grid, clipped: Anova, values: Mapping[str, Any]) -> Figure:
    """Draw the largest parts of the variance, seed by seed."""
    import pandas as pd

    largest = sorted(clipped.variances, key=lambda f: -clipped.variances[f])[:8]
    floor = grid.scores.mean(axis=-1).max() - _CLIP
    rows = []
    for seed in range(grid.n_seeds):
        one = functional_anova(np.maximum(grid.scores[..., seed], floor), list(NAMES)).shares
        rows += [(_joined(factors), seed, one[factors]) for factors in largest]
    frame = pd.DataFrame(rows, columns=["hyper-parameters", "seed", "share"])
    figure = spread_strips(
        frame,
        "hyper-parameters",
        "share",
        measure=Quantity("share of the variance", True),
        title={
            "en": f"Near the top, {values['clipped_main']:.0%} of the variance belongs to single "
            "hyper-parameters, the rest to their interplay",
            "zh": f"在靠近最优处，方差的 {values['clipped_main']:.0%} 属于单个超参数，"
            "其余来自它们的相互作用",
        },
        caption={
            "en": "The eight largest parts; each dot is the table of one seed, with its noise.",
            "zh": "最大的八个部分；每点为一个种子的整张表，含其噪声。",
        },
        name="shares-of-variance",
    )
    words = {_joined(factors): _joined(factors, NAMES_ZH) for factors in largest}
    return replace(figure, words={**words, "hyper-parameters": "超参数",
                                  "share of the variance": "占方差的比例"})  # fmt: skip


def _joined(factors: Sequence[str], names: Mapping[str, str] = _SHORT) -> str:
    return " × ".join(names.get(name, name) for name in factors)


def _rates_figure(table: Runs, values: Mapping[str, Any]) -> Figure:
    frame = table.frame(last=True)
    frame = frame[[hidden in ("256", 256, (256,)) for hidden in frame["net.hidden"]]]
    same = values["rate_small"] == values["rate_large"]
    return heat_map(
        frame,
        "fit.batch_size",
        "optim.lr",
        METRIC,
        title={
            "en": f"The best rate is {values['rate_small']:g} for batches of "
            f"{values['small_batch']} and {'also ' if same else ''}{values['rate_large']:g} for "
            f"{values['large_batch']}",
            "zh": f"批量为 {values['small_batch']} 时最佳学习率为 {values['rate_small']:g}，"
            f"批量为 {values['large_batch']} 时{'也' if same else ''}为 {values['rate_large']:g}",
        },
        caption={
            "en": "256 hidden units in one layer, last epoch.",
            "zh": "一层 256 个隐藏单元，最后一轮。",
        },
        name="rate-and-batch-size",
    )


def _tables(
    grid: Grid,
    needed: Mapping[tuple[str, int], NDArray[np.float64]],
    whole: Anova,
    clipped: Anova,
) -> dict[str, pd.DataFrame]:
    import pandas as pd

    rows = []
    for n in range(1, len(NAMES) + 1):
        near = is_near(section_of(grid, n))
        row: dict[str, Any] = {
            "hyper-parameters": ", ".join(NAMES[:n]),
            "settings": int(near.size),
            "within half a point": int(near.sum()),
            "expected of random search": expected_runs(int(near.size), int(near.sum())),
        }
        for name in STRATEGIES:
            centre, low, high = REPETITION_BAND.of(needed[name, n].tolist())
            row |= {_LABELS[name]: centre, f"{_LABELS[name]} low": low}
            row[f"{_LABELS[name]} high"] = high
        rows.append(row)
    shares = pd.DataFrame(
        {
            "set": [_joined(factors) for factors in whole.variances],
            "share of the variance": list(whole.shares.values()),
            "share near the top": list(clipped.shares.values()),
        }
    ).sort_values("share near the top", ascending=False, ignore_index=True)
    return {
        "Runs needed, mean and 95 % interval over repetitions": pd.DataFrame(rows),
        "Variance over the table, noise of seeds taken out": shares,
    }
