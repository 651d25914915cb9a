"""Which columns a table model looks at, and how much they weigh in it, without predicting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.tabular.scikit_forms import KernelForm, LinearForm, TreesForm
from mlplab.tabular.table_members import Networks, Part

if TYPE_CHECKING:
    from mlplab.tabular.table_model import TableModel

Array = npt.NDArray[np.float64]


def weigh_columns(model: TableModel) -> dict[str, float]:
    """Return column -> how much it weighs; columns that no encoder knows are not there.

    Of networks, the size of the first layer's weights of the column's features; of trees, how
    often they split by them; each member counts as it does in the mixture. What weighs more need
    not matter more: this only says in which order to measure.

    Cost: a pass over the first layers.
    """
    out: dict[str, float] = {}
    for fold in range(model.n_folds):
        owners = {
            place: [step.column for step in encoding.encoders[fold].steps for _ in step.names]
            for place, encoding in enumerate(model.encodings)
        }
        for names in owners.values():
            out |= {name: 0.0 for name in names if name not in out}
        for part, weight in zip(model.parts, model.weights, strict=True):
            names = owners[part.encoding]
            sizes = _first_layer(part, fold)
            scale = float(sizes.sum()) or 1.0
            # Trees never split by their last features, and a fold may know fewer levels.
            for name, size in zip(names, sizes.tolist(), strict=False):
                out[name] += float(weight) * size / scale
    return out


def _first_layer(part: Part, fold: int) -> Array:
    """Return how much each feature weighs in a member's model of a fold, (F,)."""
    if isinstance(part, Networks):
        from safetensors.numpy import load

        first: Any = load(part.weights[fold][0])["layers.0.weight"]
        return np.asarray(np.abs(first).sum(axis=0), np.float64)
    form = part.models[fold]
    if isinstance(form, LinearForm):
        return np.asarray(np.abs(form.weight).sum(axis=1))
    if isinstance(form, TreesForm):
        inner = form.feature[form.feature >= 0].astype(np.int64)
        return np.bincount(inner).astype(np.float64)
    assert isinstance(form, KernelForm)
    return np.ones(form.support.shape[1])
