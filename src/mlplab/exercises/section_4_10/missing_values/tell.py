"""What the filled gaps tell: values for the text, figures, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_10.missing_values.gaps import (
    AT_REMOVED,
    COLUMNS,
    LARGE_SHARE,
    MECHANISMS,
    SHARE,
    gaps,
    n_folds,
)
from mlplab.exercises.section_4_10.scores import fold_differences, score_table
from mlplab.exercises.section_4_10.tables import houses

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.exercises.section_4_10.scores import Array

_ON_DATA = ("median", "indicator", "interpolation", "rows", "regression")
_ON_REMOVED = ("zeros", "remains", "predicted", "uninformative", "informative")
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
        "large_share": LARGE_SHARE,
        "complete": float(found.complete.mean()),
        "mostly": float(found.mostly.mean()),
        "without": float(found.without.mean()),
    }
    values |= {f"data_{way}": float(scores.mean()) for way, scores in found.on_data.items()}
    for kind, short in _SHORT.items():
        values[f"bias_{short}"] = float(found.bias[kind].mean())
        for way in AT_REMOVED:
            values[f"{short}_{way}"] = float(found.removed[kind, way].mean())
    removed = {kind: {way: found.removed[kind, way] for way in AT_REMOVED} for kind in MECHANISMS}
    figures = (
        fold_differences(results, _ON_DATA, "own-gaps"),
        fold_differences(results, _ON_REMOVED, "removed"),
    )
    tables = {"own-gaps": score_table(found.on_data), "removed": _removed_table(removed)}
    return Findings(values, figures, tables)


def _removed_table(removed: dict[str, dict[str, Array]]) -> pd.DataFrame:
    import pandas as pd

    frames = [score_table(ways).assign(removed=kind) for kind, ways in removed.items()]
    table = pd.concat(frames, ignore_index=True)
    return table[["removed", *(name for name in table if name != "removed")]]
