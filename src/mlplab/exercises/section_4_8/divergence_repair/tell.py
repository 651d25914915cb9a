"""What the page shows: the share of lost seeds that each remedy saves, and how good they end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import metric_by_factor
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_8.divergence_repair.design import (
    CLIP,
    LARGE_TRUST,
    NO_USE,
    REMEDIES,
    REWINDS,
    SETTINGS,
    TRUST,
    arms,
)
from mlplab.exercises.section_4_8.divergence_repair.saved import SHARE_BAND, fates, saved
from mlplab.exercises.told import means
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.experiment import Runs

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

_NONE = (math.nan,) * 3


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    runs = results.runs
    table = _table(runs)
    values: dict[str, Any] = {
        "n_seeds": len(runs["plain"].experiment.seeds),
        "epochs": runs["plain"].experiment.base.fit.epochs,
        "trust": TRUST,
        "large_trust": LARGE_TRUST,
        "clip": CLIP,
        "rewinds": REWINDS,
        "no_use": NO_USE,
        "guessing": math.log(10),
        "settings": {
            setting: {
                "rate": rate,
                "momentum": momentum,
                "low": low,
                "diverged": _count(runs[setting], setting, "diverged"),
                "chance": _count(runs[setting], setting, "chance"),
                "late": _late(runs[setting], setting),
                "test": _test(runs[setting], setting),
                "saved": {
                    name: _share(saved(runs[setting], setting, name, "diverged"))
                    for name in REMEDIES
                },
                "from_chance": int(saved(runs[setting], setting, "rewind", "chance").sum()),
            }
            for setting, (rate, momentum, low) in SETTINGS.items()
        },
    }
    return Findings(values, (_saved(runs), _accuracy(runs)), {"saved": table})


def _count(runs: Runs, setting: str, fate: str) -> int:
    return sum(found == fate for found in fates(runs, setting, "sgd").values())


def _late(runs: Runs, setting: str) -> int:
    """Count the runs of SGD that diverged after an epoch that ended well."""
    label = runs.experiment.find(arms(setting)["sgd"]).label
    frame = runs.frame(last=True)
    return int((frame[frame["arm"] == label]["diverged_epoch"] > 1).sum())


def _test(runs: Runs, setting: str) -> dict[str, float]:
    """The mean test accuracy of each arm's runs that finished."""
    found = means(runs, "test_accuracy")
    of = {name: found[runs.experiment.find(arm).label] for name, arm in arms(setting).items()}
    # One object for NaN: values within values are compared, and NaN equals only itself.
    return {name: mean if mean == mean else math.nan for name, mean in of.items()}


def _share(cases: np.ndarray) -> dict[str, float]:
    share, low, high = SHARE_BAND.of(cases.astype(float).tolist()) if len(cases) else _NONE
    return {"share": share, "low": low, "high": high, "n": int(cases.sum())}


def _saved(runs: Mapping[str, Runs]) -> Figure:
    import pandas as pd

    rows = [
        (setting, name, seed, float(case))
        for setting in SETTINGS
        for name in REMEDIES
        for seed, case in enumerate(saved(runs[setting], setting, name, "diverged"))
    ]
    if not rows:  # SGD diverged on no seed of so few
        rows = [(setting, name, 0, 0.0) for setting in SETTINGS for name in REMEDIES]
    frame = pd.DataFrame(rows, columns=["setting", "remedy", "seed", "saved_share"])
    return metric_by_factor(
        frame,
        "remedy",
        "saved_share",
        series="setting",
        band=SHARE_BAND,
        name="saved-by-remedy",
    )


def _accuracy(runs: Mapping[str, Runs]) -> Figure:
    import pandas as pd

    parts = []
    for setting in SETTINGS:
        frame = runs[setting].frame(last=True)
        names = {
            runs[setting].experiment.find(arm).label: name for name, arm in arms(setting).items()
        }
        parts.append(frame.assign(remedy=frame["arm"].map(names), setting=setting))
    whole = pd.concat(parts, ignore_index=True)
    return metric_by_factor(
        whole, "remedy", "test_accuracy", series="setting", band=T_BAND, name="accuracy-by-remedy"
    )


def _table(runs: Mapping[str, Runs]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for setting in SETTINGS:
        for name in REMEDIES:
            ends = fates(runs[setting], setting, name).values()
            cases = saved(runs[setting], setting, name, "diverged")
            found = _share(cases)
            rows.append(
                {
                    "setting": setting,
                    "remedy": name,
                    "lost": len(cases),
                    "saved": found["n"],
                    "share": found["share"],
                    "share low": found["low"],
                    "share high": found["high"],
                    "diverged": sum(end == "diverged" for end in ends),
                    "chance": sum(end == "chance" for end in ends),
                }
            )
    return pd.DataFrame(rows)
