"""What exercise 4.10.3 tells: ways to fill gaps, on the table's own and on removed numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlplab.draw.words import VERDICT_WORDS
from mlplab.exercises.house_gaps import (
    AT_REMOVED,
    COLUMNS,
    MECHANISMS,
    SHARE,
    Gaps,
    gaps,
    n_folds,
)
from mlplab.exercises.house_scores import WORDS, fold_strips, score_table
from mlplab.exercises.house_tables import houses
from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Checked, Findings
from mlplab.exercises.wording import measured_values

if TYPE_CHECKING:
    from mlplab.draw import Figure

_LABELS = {
    "mean": "mean",
    "median": "median",
    "constant": "constant -1",
    "indicator": "mean and indicator",
    "interpolation": "interpolation",
    "neighbours": "5 neighbours",
    "iterative": "from other columns",
}
_ZH = ("均值", "中位数", "常数 -1", "均值加指示", "插值", "5 个近邻", "由其他列预测")
_WORDS = WORDS | dict(zip(_LABELS.values(), _ZH, strict=True))
_NAMES = (
    "median",
    "indicator",
    "interpolation",
    "iterative",
    "predicted",
    "nothing",
    "told",
    "low",
)


def tell(profile: Profile, claims: Sequence[Measured], checked: Sequence[Checked]) -> Findings:
    """Collect what the page of 4.10.3 says and shows."""
    found = gaps(n_folds(profile))
    numbers = houses().train.select_dtypes("number").isna().sum()
    numbers = numbers[numbers > 0].sort_values(ascending=False)
    values: dict[str, Any] = {
        "n_folds": n_folds(profile),
        "n_rows": len(houses().prices),
        "n_columns": len(numbers),
        "most": int(numbers.iloc[0]) if len(numbers) else 0,
        "n_gaps": int(numbers.sum()),
        "n_removed": len(COLUMNS),
        "share": 100 * SHARE,
        "complete": float(found.complete.mean()),
        "verdict_source": VERDICT_WORDS["proved" if checked[0].holds else "refuted"],
    }
    values |= {f"data_{way}": float(scores.mean()) for way, scores in found.on_data.items()}
    for kind, short in zip(MECHANISMS, ("random", "selective"), strict=True):
        values[f"bias_{short}"] = float(found.bias[kind].mean())
        for way in AT_REMOVED:
            values[f"{short}_{way}"] = float(found.removed[kind, way].mean())
    values |= measured_values(_NAMES, claims)
    figures = (_on_data(found, values), *(_removed(found, kind, values) for kind in MECHANISMS))
    tables = {
        "On the table's own gaps": score_table(
            {_LABELS[way]: scores for way, scores in found.on_data.items()}
        ),
        "On removed numbers": score_table(
            {
                f"removed {kind}: {_LABELS[way]}": scores
                for (kind, way), scores in found.removed.items()
            }
        ),
    }
    return Findings(values, figures, tables)


def _on_data(found: Gaps, values: Mapping[str, Any]) -> Figure:
    return fold_strips(
        {_LABELS[way]: scores for way, scores in found.on_data.items()},
        name="own-gaps",
        title={
            "en": f"On the table's own gaps the mean scores {values['data_mean']:.4f}, with an "
            f"indicator {values['data_indicator']:.4f}, filled from other columns "
            f"{values['data_iterative']:.4f}",
            "zh": f"对表中原有的缺失，均值得分 {values['data_mean']:.4f}，加指示 "
            f"{values['data_indicator']:.4f}，由其他列预测 {values['data_iterative']:.4f}",
        },
        words=_WORDS,
    )


def _removed(found: Gaps, kind: str, values: Mapping[str, Any]) -> Figure:
    short, chinese = {
        "at random": ("random", "随机"),
        "not at random": ("selective", "非随机"),
    }[kind]
    return fold_strips(
        {_LABELS[way]: found.removed[kind, way] for way in AT_REMOVED},
        name=f"removed-{short}",
        title={
            "en": f"Removed {kind}: the mean scores {values[f'{short}_mean']:.3f}, an indicator "
            f"beside it {values[f'{short}_indicator']:.3f}, other columns "
            f"{values[f'{short}_iterative']:.3f}",
            "zh": f"{chinese}删去：均值得分 {values[f'{short}_mean']:.3f}，加指示 "
            f"{values[f'{short}_indicator']:.3f}，由其他列预测 "
            f"{values[f'{short}_iterative']:.3f}",
        },
        words=_WORDS,
    )
