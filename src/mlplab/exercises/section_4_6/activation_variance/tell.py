"""What the page says and shows: variances by epoch, and their parts at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import learning_curves
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_6.activation_variance.design import PROBES, WITH, WITHOUT
from mlplab.exercises.section_4_6.activation_variance.parts import (
    LAYERS,
    N_IMAGES,
    layer_frame,
    trained_parts,
)
from mlplab.exercises.section_4_6.setting import CHAPTER_RATES
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import T_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
    from mlplab.experiment import Runs

_ARMS: Mapping[str, Mapping[str, Any]] = {"without": WITHOUT, "with": WITH}


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    layers = results.runs["layers"]
    frame = layer_frame(layers)
    labels = {layers.experiment.find(of).label: name for name, of in _ARMS.items()}
    frame = frame.assign(run=frame["arm"].map(labels))
    parts = {name: trained_parts(layers, of) for name, of in _ARMS.items()}
    values: dict[str, Any] = {
        "n_seeds": len(layers.experiment.seeds),
        "epochs": layers.experiment.base.fit.epochs,
        "n_train": n_train(layers),
        "rate": layers.experiment.base.optim.lr,
        "probes": PROBES,
        "n_images": N_IMAGES,
        "rates": list(CHAPTER_RATES),
    }
    ended = frame["epoch"] == frame["epoch"].max()
    for name in _ARMS:
        for layer in LAYERS:
            variance, dead = f"activation_variance_{layer}", f"dead_share_{layer}"
            of_arm = frame["run"] == name
            at_first = frame.loc[of_arm & (frame["epoch"] == 1), variance]
            at_end = frame[of_arm & ended]
            values |= {
                f"{name}_{layer}_first": float(at_first.mean()),
                f"{name}_{layer}": float(at_end[variance].mean()),
                f"rest_{name}_{layer}": float(at_end[f"rest_{layer}"].mean()),
                f"dead_{name}_{layer}": float(at_end[dead].mean()),
            }
    for layer, found in parts["with"].items():
        between, within, mask = found.mean(axis=0)
        values |= {f"within_{layer}": float(within), f"mask_{layer}": float(mask)}
        values[f"mask_share_{layer}"] = float(mask / (between + within + mask))
    figures = tuple(_curves(frame, layer) for layer in LAYERS)
    return Findings(values, figures, {"parts": _table(parts)})


def _curves(frame: pd.DataFrame, layer: int) -> Figure:
    """Draw a layer's variance with and without dropout, and with it less the mask's part."""
    import pandas as pd

    metric = f"activation_variance_{layer}"
    rest = frame[frame["run"] == "with"].assign(run="rest")
    rest[metric] = rest[f"rest_{layer}"]
    return learning_curves(
        pd.concat([frame, rest], ignore_index=True),
        metric,
        by="run",
        band=T_BAND,
        name=f"variance-{layer}",
    )


def _table(parts: Mapping[str, Mapping[int, np.ndarray[Any, Any]]]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for name, by_layer in parts.items():
        for layer, found in by_layer.items():
            between, within, mask = found.mean(axis=0).tolist()
            whole = between + within + mask
            rows.append(
                {
                    "run": name,
                    "layer": layer,
                    "between": between,
                    "within": within,
                    "mask": mask,
                    "whole": whole,
                    "share": mask / whole,
                }
            )
    return pd.DataFrame(rows)
