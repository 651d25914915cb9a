"""What exercise 4.3.3 tells of its runs: values for the text, figures, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlplab.draw import Figure, Quantity, Text, band_lines, metric_by_factor
from mlplab.exercises.minima import minima
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Findings
from mlplab.exercises.signals import signal_frame
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.exercises.wording import list_words, means, summary_table, verdict_values
from mlplab.experiment import Runs
from mlplab.experiment.progress import ProgressCallback

if TYPE_CHECKING:
    import pandas as pd


_ROUNDING = 1e-12  # what cancels exactly leaves about 1e-19

NAMES = {
    "normal": "N(0, 0.01²)",
    "identity": "identity",
    "uniform": "uniform(−1, 1)",
    "xavier": "Xavier",
    "he": "He",
    "orthogonal": "orthogonal",
    "constant": "constant 0.01",
    "zeros": "zeros",
}


def tell(runs: Runs, profile: Profile, progress: ProgressCallback | None = None) -> Findings:
    """Collect what the page of 4.3.3 says and shows; the chosen one's test score is fresh."""
    identity, small, wide, same, zero = runs.verdicts()
    frame = runs.frame(last=True)
    kinds = {arm.label: arm.run.mlp.init.kind for arm in runs.arms}
    frame["initialisation"] = [NAMES[kinds[label]] for label in frame["arm"]]
    test = {kinds[label]: mean for label, mean in means(runs, "test_accuracy").items()}
    best = runs.best("valid_accuracy")
    fresh = best.score_test(seeds=profile.pick(5, 10), progress=progress)
    low, high = fresh.interval or (float("nan"), float("nan"))
    candidates = identity.details.get("candidates", best.candidates)
    assert isinstance(candidates, Sequence)
    values: dict[str, Any] = {
        "n_seeds": len(runs.experiment.seeds),
        "epochs": runs.experiment.base.fit.epochs,
        "n_train": len(runs.experiment.data.split(0, runs.experiment.base.rows).train),
        "chosen": NAMES[best.arm.run.mlp.init.kind],
        "chosen_valid": best.mean,
        "candidates": list_words([NAMES[kinds[str(label)]] for label in candidates]),
        "optimism": best.optimism,
        "fresh": fresh.mean,
        "fresh_low": low,
        "fresh_high": high,
        "n_fresh": fresh.n_seeds,
    }
    values |= {f"test_{kind}": mean for kind, mean in test.items()}
    for name, verdict in {
        "identity": identity, "small": small, "wide": wide, "same": same, "zero": zero
    }.items():  # fmt: skip
        values |= verdict_values(f"verdict_{name}", verdict)
    signals = signal_frame(
        {NAMES[arm.run.mlp.init.kind]: arm.run for arm in runs.arms}, runs.experiment.data
    )
    first = signals[(signals["what"] == "gradient") & (signals["x"] == 1)]
    gradient = {
        str(name): float(size) for name, size in zip(first["series"], first["mean"], strict=True)
    }
    values["gradient_zeros"] = gradient[NAMES["zeros"]]
    values["gradient_ratio"] = gradient[NAMES["he"]] / gradient[NAMES["normal"]]
    accuracy = metric_by_factor(
        frame,
        "initialisation",
        "test_accuracy",
        title={
            "en": f"He's weights reach {100 * test['he']:.1f} %, uniform(−1, 1) "
            f"{100 * test['uniform']:.1f} %, zeros {100 * test['zeros']:.1f} %",
            "zh": f"He 初始化达到 {100 * test['he']:.1f} %，uniform(−1, 1) 为 "
            f"{100 * test['uniform']:.1f} %，全零为 {100 * test['zeros']:.1f} %",
        },
        band=T_BAND,
        name="accuracy-by-initialisation",
    )
    tables = {
        "By initialisation, mean and 95 % interval over seeds": summary_table(
            {"": runs}, ["train_loss", "valid_accuracy", "test_accuracy"]
        ),
        "Sizes at the first weights": signals,
    }
    he = next(label for label, kind in kinds.items() if kind == "he")
    between, planes = minima(runs, he)
    figures = (accuracy, *_signal_figures(signals, values), *planes)
    return Findings(values | between, figures, tables)


def _signal_figures(signals: pd.DataFrame, values: Mapping[str, Any]) -> tuple[Figure, ...]:
    titles: dict[str, Text] = {
        "activation": {
            "en": "How strongly examples differ, layer by layer, before the first step",
            "zh": "训练之前，各层对不同样本的响应相差多大",
        },
        "gradient": {
            "en": f"At N(0, 0.01²) the first layer's gradient is {values['gradient_ratio']:.0f} "
            "times smaller than at He's weights; at zero there is none",
            "zh": f"N(0, 0.01²) 时第一层的梯度是 He 初始化时的 1/{values['gradient_ratio']:.0f}；"
            "全零时没有梯度",
        },
    }
    units = {
        "activation": Quantity("standard deviation over examples", False),
        "gradient": Quantity("root mean square of the weights' gradient", False),
    }
    figures = []
    for what, title in titles.items():
        shown = signals[(signals["what"] == what) & (signals["mean"] > _ROUNDING)]
        figures.append(
            band_lines(
                shown.drop(columns="what"),
                name=f"{what}-by-layer",
                title=title,
                x_title="layer (the last one gives the outputs)",
                y=units[what],
                caption={
                    "en": "Mean over three seeds; the band goes from the least to the largest. "
                    "What is 0 is not drawn on the logarithmic axis.",
                    "zh": "三个种子的均值；带为最小值到最大值。值为 0 者不画在对数轴上。",
                },
                series_title="initialisation",
                ordered=False,
                log_y=True,
            )
        )
    return tuple(figures)
