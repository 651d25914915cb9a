"""What the page says and shows: variances by epoch, and their parts at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlplab.draw import learning_curves
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_6.activation_variance.design import PROBES, WITH, WITHOUT
from mlplab.exercises.section_4_6.activation_variance.parts import (
    LAYERS,
    N_IMAGES,
    Array,
    layer_frame,
    trained_parts,
)
from mlplab.exercises.section_4_6.setting import CHAPTER_RATES
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import T_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

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
    for name in _ARMS:
        by_epoch = frame[frame["run"] == name].groupby("epoch").mean(numeric_only=True)
        for layer in LAYERS:
            variance = by_epoch[f"activation_variance_{layer}"]
            values[f"{name}_{layer}_first"] = float(variance.iloc[0])
            values[f"{name}_{layer}"] = float(variance.iloc[-1])
            values[f"dead_{name}_{layer}"] = float(by_epoch[f"dead_share_{layer}"].iloc[-1])
            values[f"seen_mask_{name}_{layer}"] = float(by_epoch[f"mask_{layer}"].iloc[-1])
    for layer, found in parts["with"].items():
        between, within, mask = found.mean(axis=0).tolist()
        values |= {f"within_{layer}": within, f"mask_{layer}": mask}
        values[f"mask_share_{layer}"] = mask / (between + within + mask)
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


def _table(parts: Mapping[str, Mapping[int, Array]]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for name, by_layer in parts.items():
        for layer, found in by_layer.items():
            three = dict(zip(("between", "within", "mask"), found.mean(axis=0), strict=True))
            whole = sum(three.values())
            shares = {"whole": whole, "share": three["mask"] / whole}
            rows.append({"run": name, "layer": layer, **three, **shares})
    return pd.DataFrame(rows)
