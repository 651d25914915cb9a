"""The settings of the source's two tables (4.2.4): its figures beside the same settings here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import metric_by_factor
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.experiment import Runs

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

# hidden layers, batch size -> the test accuracy that the source's two tables give at rate 0.1
PUBLISHED: Mapping[tuple[tuple[int, ...], int], float] = {
    ((32,), 256): 0.8459,
    ((256,), 128): 0.8629,
    ((256,), 64): 0.8769,
    ((256,), 32): 0.8865,
    ((512,), 16): 0.8824,
    ((512, 256), 256): 0.8854,
    ((256, 128), 128): 0.8822,
    ((512, 256), 64): 0.8811,
    ((512, 256), 32): 0.8837,
    ((512, 256), 16): 0.8789,
}
PRINTED = {((512,), 16): 0.8697, ((512, 256), 256): 0.838}
"""What the source's own code printed, once each, beside the tables."""
SOURCE_BEST = ((256,), 32)
SOURCE_BEST_OF_TWO = ((512, 256), 256)


def mean_of(beside: pd.DataFrame, setting: tuple[tuple[int, ...], int]) -> float:
    """Return the mean here of hidden layers and batch size."""
    hidden, batch = setting
    found = beside[(beside["hidden units"] == units(hidden)) & (beside["batch size"] == batch)]
    return float(found["test accuracy here"].iloc[0])


def units(hidden: Sequence[int]) -> str:
    """Return hidden layers as tables show them.

    >>> units((512, 256))
    '512-256'
    """
    return "-".join(map(str, hidden))


def beside_figures(published: Sequence[Runs]) -> pd.DataFrame:
    """Return the source's figures beside mean, interval and range of the same settings."""
    import pandas as pd

    rows = []
    found = (
        (runs.experiment.find(one.arm).run, one, values)
        for runs in published
        for one, values in zip(
            runs.summary("test_accuracy"), runs.values("test_accuracy"), strict=True
        )
    )
    for run, one, values in found:
        setting = (run.mlp.hidden, run.fit.batch_size)
        figure = PUBLISHED[setting]
        low, high = one.interval or (float("nan"), float("nan"))
        least, largest = float(np.nanmin(values)), float(np.nanmax(values))
        rows.append(
            {
                "hidden units": units(run.mlp.hidden),
                "batch size": run.fit.batch_size,
                "the source's figure": figure,
                "printed by its code": PRINTED.get(setting, float("nan")),
                "test accuracy here": one.mean,
                "low": low,
                "high": high,
                "least": least,
                "largest": largest,
                "figure inside the interval": low <= figure <= high,
                "figure inside the range of seeds": least <= figure <= largest,
                "seeds": one.n_seeds,
                "failed": one.n_failed,
            }
        )
    return pd.DataFrame(rows)


def published_figure(
    published: Sequence[Runs], beside: pd.DataFrame, values: Mapping[str, Any]
) -> Figure:
    """Draw every seed of every setting, and the source's figure beside them."""
    import pandas as pd

    frame = pd.concat([one.frame(last=True) for one in published], ignore_index=True)
    runs = {cell.key: cell.run for one in published for cell in one.cells}
    frame["setting"] = [
        f"{units(runs[key].mlp.hidden)}, {runs[key].fit.batch_size}" for key in frame["key"]
    ]
    source = pd.DataFrame(
        {
            "setting": [
                f"{hidden}, {batch}"
                for hidden, batch in zip(beside["hidden units"], beside["batch size"], strict=True)
            ],
            "test_accuracy": beside["the source's figure"],
            "seed": 0,
            "figures": "the source's tables",
        }
    )
    shown = pd.concat(
        [frame[["setting", "seed", "status", "test_accuracy"]].assign(figures="here"), source],
        ignore_index=True,
    )
    figure = metric_by_factor(
        shown,
        "setting",
        "test_accuracy",
        series="figures",
        title={
            "en": f"{values['n_in_range']} of the source's {values['n_published']} figures lie "
            f"among the {values['n_published_seeds']} seeds of their setting, "
            f"{values['n_train_published']:,} images, {values['epochs']} epochs",
            "zh": f"原答案的 {values['n_published']} 个数字中有 {values['n_in_range']} 个落在同一"
            f"设置 {values['n_published_seeds']} 个种子的范围内（{values['n_train_published']:,} "
            f"张图像，{values['epochs']} 轮）",
        },
        band=T_BAND,
        caption={
            "en": "Hidden units, batch size; rate 0.1, weights from N(0, 0.01²).",
            "zh": "隐藏单元数，批量大小；学习率 0.1，权重取自 N(0, 0.01²)。",
        },
        name="published-settings",
    )
    return replace(figure, words=_WORDS)


_WORDS = {"figures": "数字", "here": "这里", "the source's tables": "原答案的表", "setting": "设置"}
