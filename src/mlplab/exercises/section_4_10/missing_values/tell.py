"""What the filled gaps tell: values for the text, figures, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplab.exercises.registry import Findings, Results
from mlplab.exercises.section_4_10.missing_values.gaps import (
    AT_REMOVED,
    COLUMNS,
    MECHANISMS,
    SHARE,
    gaps,
    n_folds,
)
from mlplab.exercises.section_4_10.scores import fold_strips, score_table
from mlplab.exercises.section_4_10.tables import houses

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.exercises.section_4_10.scores import Array

_LABELS = {
    "mean": "mean",
    "median": "median",
    "constant": "constant -1",
    "indicator": "mean and indicator",
    "interpolation": "interpolation",
    "neighbours": "5 neighbours",
    "iterative": "from other columns",
}
_SHORT = dict(zip(MECHANISMS, ("random", "selective"), strict=True))


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    found = gaps(n_folds(results.profile))
    missing = houses().train.select_dtypes("number").isna().sum()
    missing = missing[missing > 0].sort_values(ascending=False)
    values: dict[str, Any] = {
        "n_folds": n_folds(results.profile),
        "n_rows": len(houses().prices),
        "n_columns": len(missing),
        "most": int(missing.iloc[0]) if len(missing) else 0,
        "n_gaps": int(missing.sum()),
        "n_removed": len(COLUMNS),
        "share": SHARE,
        "complete": float(found.complete.mean()),
    }
    values |= {f"data_{way}": float(scores.mean()) for way, scores in found.on_data.items()}
    for kind, short in _SHORT.items():
        values[f"bias_{short}"] = float(found.bias[kind].mean())
        for way in AT_REMOVED:
            values[f"{short}_{way}"] = float(found.removed[kind, way].mean())
    on_data = {_LABELS[way]: scores for way, scores in found.on_data.items()}
    removed = {
        kind: {_LABELS[way]: found.removed[kind, way] for way in AT_REMOVED} for kind in MECHANISMS
    }
    figures = (
        fold_strips(on_data, "own-gaps"),
        *(fold_strips(removed[kind], f"removed-{short}") for kind, short in _SHORT.items()),
    )
    tables = {"own-gaps": score_table(on_data), "removed": _removed_table(removed)}
    return Findings(values, figures, tables)


def _removed_table(removed: dict[str, dict[str, Array]]) -> pd.DataFrame:
    import pandas as pd

    frames = [score_table(ways).assign(removed=kind) for kind, ways in removed.items()]
    table = pd.concat(frames, ignore_index=True)
    return table[["removed", *(name for name in table if name != "removed")]]
