"""What exercise 4.2.2 tells of its runs: values for the text, figures, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplab.draw import Figure, Quantity, Text, band_lines, metric_by_factor
from mlplab.exercises.registry import Findings
from mlplab.exercises.signals import signal_frame
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.exercises.wording import summary_table, verdict_values
from mlplab.experiment import Runs
from mlplab.specs import MLP

if TYPE_CHECKING:
    import pandas as pd

INITS = {"normal": "N(0, 0.01²)", "he": "He"}


def tell(one_rate: Runs, rates: Runs, own: Runs) -> Findings:
    """Collect what the page of 4.2.2 says and shows."""
    deeper, deeper_he, four, fault = one_rate.verdicts()
    (deeper_own,) = own.verdicts()
    frame = _with_depth(one_rate)
    frame["initialisation"] = frame["arm"].map(
        {arm.label: INITS[arm.run.mlp.init.kind] for arm in one_rate.arms}
    )
    own_frame = _with_depth(own)
    mean = frame.groupby(["initialisation", "layers"])["test_accuracy"].mean()
    own_mean = own_frame.groupby("layers")["test_accuracy"].mean()
    failures = one_rate.failures()
    values: dict[str, Any] = {
        "n_seeds": len(one_rate.experiment.seeds),
        "epochs": one_rate.experiment.base.fit.epochs,
        "n_train": len(one_rate.experiment.data.split(0, one_rate.experiment.base.rows).train),
        "published_1": float(mean[INITS["normal"], 1]),
        "published_2": float(mean[INITS["normal"], 2]),
        "published_4": float(mean[INITS["normal"], 4]),
        "he_1": float(mean[INITS["he"], 1]),
        "he_4": float(mean[INITS["he"], 4]),
        "own_1": float(own_mean[1]),
        "own_4": float(own_mean[4]),
        "rate_1": float(own_frame[own_frame["layers"] == 1]["optim.lr"].iloc[0]),
        "rate_4": float(own_frame[own_frame["layers"] == 4]["optim.lr"].iloc[0]),
        "n_stuck": sum(
            count.failures
            for label, count in failures.items()
            if one_rate.experiment.find(label).run.mlp.init.kind == "normal"
        ),
        "n_published": len(one_rate.experiment.seeds) * len(one_rate.arms) // 2,
    }
    for name, verdict in {
        "deeper": deeper,
        "deeper_he": deeper_he,
        "four": four,
        "fault": fault,
        "deeper_own": deeper_own,
    }.items():
        values |= verdict_values(f"verdict_{name}", verdict)
    signals = _signals(one_rate)
    deepest = signals[(signals["what"] == "activation") & (signals["x"] == signals["x"].max())]
    size = dict(zip(deepest["series"], deepest["mean"], strict=True))
    first = signals[(signals["what"] == "activation") & (signals["x"] == 1)]
    start = dict(zip(first["series"], first["mean"], strict=True))
    values["shrinks"] = float(start[INITS["normal"]] / size[INITS["normal"]])
    values["he_ratio"] = float(start[INITS["he"]] / size[INITS["he"]])
    tables = {
        "By depth, mean and 95 % interval over seeds": summary_table(
            {"rate 0.1": one_rate, "its own rate": own},
            ["train_loss", "valid_accuracy", "test_accuracy"],
        ),
        "Sizes at the first weights of five layers": signals,
    }
    return Findings(values, (_by_depth(frame, values), *_signal_figures(signals, values)), tables)


def _with_depth(runs: Runs) -> pd.DataFrame:
    frame = runs.frame(last=True)
    frame["layers"] = frame["arm"].map({a.label: len(a.run.mlp.hidden) for a in runs.arms})
    return frame


def _by_depth(frame: pd.DataFrame, values: dict[str, Any]) -> Figure:
    loss = 100 * (values["published_1"] - values["published_4"])
    he_loss = 100 * (values["he_1"] - values["he_4"])
    return metric_by_factor(
        frame,
        "layers",
        "test_accuracy",
        series="initialisation",
        title={
            "en": f"From one to four layers: {-loss:+.1f} points as published, "
            f"{-he_loss:+.1f} with He's initialisation",
            "zh": f"从一层到四层：原答案的初始化 {-loss:+.1f} 个百分点，"
            f"He 初始化 {-he_loss:+.1f} 个",
        },
        band=T_BAND,
        name="accuracy-by-depth",
    )


def _signals(runs: Runs) -> pd.DataFrame:
    """Sizes by layer of a network with four hidden layers, at both initialisations."""
    base = runs.experiment.base
    return signal_frame(
        {
            name: base.replace(net=MLP(hidden=(256,) * 4, init=_text(kind)))
            for kind, name in INITS.items()
        },
        runs.experiment.data,
    )


def _text(kind: str) -> str:
    return "normal:0.01" if kind == "normal" else kind


def _signal_figures(signals: pd.DataFrame, values: dict[str, Any]) -> tuple[Figure, ...]:
    titles: dict[str, Text] = {
        "activation": {
            "en": "Four layers of N(0, 0.01²) make what tells images apart "
            f"{values['shrinks']:,.0f} times smaller, before the first step",
            "zh": f"N(0, 0.01²) 的四层使图像之间的差别缩小到 1/{values['shrinks']:,.0f}，"
            "而训练尚未开始",
        },
        "gradient": {
            "en": "The gradient of the weights, layer by layer, before the first step",
            "zh": "训练开始之前各层权重的梯度",
        },
    }
    units = {
        "activation": Quantity("standard deviation over examples", False),
        "gradient": Quantity("root mean square of the weights' gradient", False),
    }
    return tuple(
        band_lines(
            signals[signals["what"] == what].drop(columns="what"),
            name=f"{what}-by-layer",
            title=title,
            x_title="layer (the last one gives the outputs)",
            y=units[what],
            caption={
                "en": "Mean over three seeds; the band goes from the least to the largest.",
                "zh": "三个种子的均值；带为最小值到最大值。",
            },
            series_title="initialisation",
            ordered=False,
            log_y=True,
        )
        for what, title in titles.items()
    )
