"""A recipe as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlplab.draw.words import factor_name
from mlplab.experiment.arms import show_value
from mlplab.specs import Run

if TYPE_CHECKING:
    import pandas as pd

_PATHS = (
    "net.hidden",
    "net.activation",
    "net.norm",
    "net.residual",
    "net.dropout",
    "net.noise",
    "net.noise_strength",
    "fit.input_noise",
    "fit.input_strength",
    "fit.mixup",
    "fit.shift",
    "fit.flip",
    "fit.label_smoothing",
    "optim.kind",
    "optim.lr",
    "optim.weight_decay",
    "optim.schedule",
    "fit.batch_size",
    "fit.epochs",
    "fit.ema",
)
_ABSENT = (None, False, 0, "none", ())


def recipe_table(recipe: Run, bins: int) -> pd.DataFrame:
    """Return a recipe's settings and their values; what it does not have is left out."""
    import pandas as pd

    values = {path: recipe.value(path) for path in _PATHS}
    rows = [
        (factor_name(path), show_value(value))
        for path, value in values.items()
        if value not in _ABSENT
    ]
    rows.insert(0, ("bins", show_value(bins)))
    return pd.DataFrame(rows, columns=["setting", "value"])
