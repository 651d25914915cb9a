"""What the page shows: two accuracies over epochs, when they pass 95 %, and the frequencies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import Quantity
from mlplab.exercises.beyond.grokking.design import FAST, MODULUS, SLOW
from mlplab.exercises.beyond.grokking.measure import TIMES_LATER, Array, concentration, passed
from mlplab.exercises.charts import line_chart, strip_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.specs.metric_range import shown_interval

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
    from mlplab.experiment import Runs

_N_SHOWN = 60
_SPLITS = {"training pairs": "train_accuracy", "held-out pairs": "valid_accuracy"}


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    squared, half, entropy = (results.runs[n] for n in ("squared", "half", "cross-entropy"))
    shares = {decay: concentration(squared, decay) for decay in _decays(squared)}
    slow = {split: passed(squared, SLOW, metric) for split, metric in _SPLITS.items()}
    values: dict[str, Any] = {
        "n_seeds": len(squared.experiment.seeds),
        "epochs": squared.experiment.base.fit.epochs,
        "modulus": MODULUS,
        "n_pairs": MODULUS**2,
        "n_train": n_train(squared),
        "n_half": n_train(half),
        "n_entropy": n_train(entropy),
        "times": TIMES_LATER,
        "slow": SLOW,
        "fast": FAST,
        "slow_train": _mean(slow["training pairs"]),
        "slow_valid": _mean(slow["held-out pairs"]),
        "fast_valid": _mean(passed(squared, FAST)),
        "strongest": max(_decays(squared)),
        "strongest_valid": _mean(passed(squared, max(_decays(squared)))),
        "half_valid": _mean(passed(half, FAST)),
        "entropy_train": _mean(passed(entropy, FAST, "train_accuracy")),
        "entropy_valid": _mean(passed(entropy, FAST)),
        "n_slow": _count(passed(squared, SLOW)),
        "n_none": _count(passed(squared, 0.0)),
        "n_entropy_fast": _count(passed(entropy, FAST)),
        "n_entropy_none": _count(passed(entropy, 0.0)),
        "last_none": _last(squared, 0.0),
        "last_entropy_none": _last(entropy, 0.0),
        "frequency_none": float(shares[0.0].mean()),
        "frequency_slow": float(shares[SLOW].mean()),
        "frequency_fast": float(shares[FAST].mean()),
    }
    figures = (_over_epochs(squared), _by_decay(squared), _frequencies(shares))
    return Findings(values, figures, {"passed": _table(results.runs)})


def _decays(runs: Runs) -> list[float]:
    return [float(arm.run.value("optim.weight_decay")) for arm in runs.arms]


def _mean(epochs: Array) -> float:
    """Return the mean over the seeds that pass; NaN where none does."""
    known = epochs[np.isfinite(epochs)]
    return float(known.mean()) if known.size else float("nan")


def _count(epochs: Array) -> int:
    return int(np.isfinite(epochs).sum())


def _last(runs: Runs, decay: float) -> float:
    frame = runs.frame(last=True)
    return float(frame.loc[frame["optim.weight_decay"] == decay, "valid_accuracy"].mean())


def _over_epochs(runs: Runs) -> Figure:
    frame = runs.frame()
    n_epochs = runs.experiment.base.fit.epochs
    shown = np.unique(np.geomspace(1, n_epochs, _N_SHOWN).round().astype(int))
    frame = frame[frame["epoch"].isin(shown)]
    rows = []
    for decay, name in ((SLOW, f"decay {SLOW:g}"), (0.0, "no decay")):
        by_epoch = frame[frame["optim.weight_decay"] == decay].groupby("epoch")
        for split, metric in _SPLITS.items():
            for epoch, numbers in by_epoch[metric]:
                mean, low, high = T_BAND.of(numbers.tolist())
                ends = shown_interval(metric, mean, low, high)
                rows.append((f"{split}, {name}", epoch, mean, *ends, len(numbers)))
    return line_chart(
        rows,
        "accuracy-over-epochs",
        x_title="epoch",
        y=Quantity("accuracy", share=True),
        band=T_BAND,
        log_x=True,
    )


def _by_decay(runs: Runs) -> Figure:
    rows = []
    for split, metric in _SPLITS.items():
        for decay in _decays(runs):
            epochs = passed(runs, decay, metric)
            known = epochs[np.isfinite(epochs)].tolist()
            if decay > 0 and len(known) > 1:
                rows.append((split, decay, *T_BAND.of(known), len(known)))
    return line_chart(
        rows,
        "epochs-by-decay",
        x_title="weight decay",
        y="epochs to 95 %",
        band=T_BAND,
        log_x=True,
        log_y=True,
    )


def _frequencies(shares: Mapping[float, Array]) -> Figure:
    return strip_chart(
        {f"{decay:g}": numbers for decay, numbers in shares.items()},
        "frequencies",
        group="weight decay",
        measure=Quantity("power at the strongest frequency", share=True),
        band=T_BAND,
    )


def _table(found: Mapping[str, Runs]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for name, runs in found.items():
        for decay in _decays(runs):
            epochs = passed(runs, decay)
            rows.append(
                {
                    "setting": name,
                    "pairs": n_train(runs),
                    "decay": decay,
                    "train": _mean(passed(runs, decay, "train_accuracy")),
                    "valid": _mean(epochs),
                    "passed": f"{_count(epochs)} / {epochs.size}",
                    "last": _last(runs, decay),
                }
            )
    return pd.DataFrame(rows)
