"""What exercise 4.1.4 tells of its runs: values for the text, figures, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlplab.draw import (
    SEED_RANGE,
    Band,
    Figure,
    Quantity,
    band_lines,
    metric_by_factor,
    spread_strips,
)
from mlplab.exercises.batch_norm_spread import Member, in_random_batches, members, wander
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Findings
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.exercises.wording import summary_table, verdict_values
from mlplab.experiment import Runs
from mlplab.experiment.progress import ProgressCallback

if TYPE_CHECKING:
    import pandas as pd

_NAMES = ("loses", "only", "same", "information", "updates", "overfits")
_RUNNING, _OWN = "running averages (evaluation)", "its batch (training)"
_ALL = "all training images"
_BATCH_RANGE = Band(
    {"en": "Mean and range of the batches.", "zh": "均值与各批量的取值范围。"}, SEED_RANGE.of
)
_NORM_WORDS = {
    "norm": "归一化",
    "none": "不归一化",
    "batch norm": "批量归一化",
    "layer norm": "层归一化",
}
_SPREAD_WORDS = {"measured": "实测", "first-order law": "一阶定律", "curve": "曲线"}
_GAP_WORDS = {
    _RUNNING: "滑动平均（评估）",
    _OWN: "所在批量（训练）",
    _ALL: "全部训练图像",
    "statistics from": "统计量来自",
    "batch size in training": "训练时的批量大小",
}


def tell(runs: Runs, profile: Profile, progress: ProgressCallback | None = None) -> Findings:
    """Collect what the page of 4.1.4 says and shows."""
    import numpy as np
    import pandas as pd

    frame = runs.frame(last=True)
    names = {"none": "none", "batch": "batch norm", "layer": "layer norm"}
    frame["norm"] = frame["net.norm"].map(names)
    told = ["test_accuracy", "train_accuracy", "train_loss"]
    mean = frame.groupby(["net.norm", "fit.batch_size"])[told].mean()
    experiment = runs.experiment
    values: dict[str, Any] = {
        "n_seeds": len(experiment.seeds),
        "epochs": experiment.base.fit.epochs,
        "n_train": len(experiment.data.split(0, experiment.base.rows).train),
    }
    values["steps_256"] = values["n_train"] // 256
    for norm in ("none", "batch", "layer"):
        for size in (2, 64, 256):
            values[f"test_{norm}_{size}"] = float(mean["test_accuracy"][norm, size])
    for norm, size in (("none", 64), ("batch", 64), ("batch", 2)):
        values[f"train_{norm}_{size}"] = float(mean["train_accuracy"][norm, size])
        values[f"loss_{norm}_{size}"] = float(mean["train_loss"][norm, size])
    for name, verdict in zip(_NAMES, runs.verdicts(), strict=True):
        values |= verdict_values(f"verdict_{name}", verdict)

    trained = members(runs, profile, progress)
    values["n_kept"] = len({one.seed for one in trained})
    gaps = pd.DataFrame([row for one in trained for row in _gap_rows(one)])
    gap = gaps.groupby(["norm", "size", "series"])[["accuracy", "train"]].mean()
    for size in (2, 64, 256):
        for name, series in (("own", _OWN), ("running", _RUNNING), ("all", _ALL)):
            values[f"{name}_{size}"] = float(gap["accuracy"]["batch", size, series])
        values[f"fit_{size}"] = float(gap["train"]["batch", size, _RUNNING])
        values[f"gap_{size}"] = 100 * (values[f"fit_{size}"] - values[f"running_{size}"])

    at_64 = [one for one in trained if one.size == 64]
    spreads = pd.concat([wander(one) for one in at_64 if one.norm == "batch"])
    measured = spreads.groupby("size")[["measured", "law", "flips"]].mean()
    for size in (2, 4, 16, 64, 256):
        values[f"spread_{size}"] = float(measured["measured"][size])
        values[f"flips_{size}"] = float(measured["flips"][size])
        values[f"law_ratio_{size}"] = float(measured["measured"][size] / measured["law"][size])
    values["layer_spread"] = max(
        (_largest_difference(one) for one in at_64 if one.norm == "layer"), default=float("nan")
    )
    image = _one_image(next(one for one in at_64 if one.norm == "batch"))
    for size in (4, 256):
        chosen = image[image["batch size"] == size]["probability"]
        values[f"image_low_{size}"] = float(np.quantile(chosen, 0.05))
        values[f"image_high_{size}"] = float(np.quantile(chosen, 0.95))
    figures = (
        _by_size(frame, values),
        _gap_figure(gaps, values),
        _spread_figure(spreads, values),
        _image_figure(image, values),
    )
    tables = {
        "By norm and batch size, mean and 95 % interval over seeds": summary_table(
            {"": runs}, ["train_loss", "train_accuracy", "valid_accuracy", "test_accuracy"]
        ),
        "Spread over batches, by the size of the batch": measured.reset_index(),
    }
    return Findings(values, figures, tables)


def _gap_rows(one: Member) -> Sequence[Mapping[str, Any]]:
    """Accuracy on validation images with statistics from each of three sources."""
    z, classes = one.valid
    train_z, train_classes = one.train
    settled = one.net.settled(z, train_z) if one.norm == "batch" else one.net.evaluated(z)
    found = {
        _RUNNING: _share_right(one.net.evaluated(z), classes),
        _OWN: in_random_batches(one, one.size),
        _ALL: _share_right(settled, classes),
    }
    train = _share_right(one.net.evaluated(train_z), train_classes)
    shared = {"norm": one.norm, "size": one.size, "seed": one.seed, "train": train}
    return [{**shared, "series": name, "accuracy": share} for name, share in found.items()]


def _share_right(scores: Any, classes: Any) -> float:
    return float((scores.argmax(1) == classes).mean())


def _largest_difference(one: Member) -> float:
    """How far the outputs of one example differ between batches of other mates, at most."""
    import numpy as np

    z, _ = one.valid
    rng = np.random.default_rng(one.seed)
    batches = np.stack([z[rng.integers(len(z), size=64)] for _ in range(50)])
    # One example among 50 sets of mates: under layer norm nothing may change.
    batches[:, 0] = z[0]
    outputs = one.net.in_batches(batches)[:, 0]
    return float((outputs.max(0) - outputs.min(0)).max())


def _one_image(one: Member, n_batches: int = 100) -> pd.DataFrame:
    """The probability of its class that one borderline image gets in random batches."""
    import numpy as np
    import pandas as pd
    from scipy.special import softmax

    from mlplab.theory.batch_dependence import scores_among_mates

    z, classes = one.valid
    probability = softmax(one.net.settled(z, z), axis=-1)[np.arange(len(z)), classes]
    # The most undecided image: where mates can tip the answer.
    place = int(abs(probability - 0.5).argmin())
    parts = []
    for size in (2, 4, 16, 64, 256):
        scores = scores_among_mates(one.net, z[[place]], z, size, n_batches, one.seed)
        found = softmax(scores[:, 0], axis=-1)[:, classes[place]]
        parts.append(pd.DataFrame({"batch size": size, "probability": found}))
    return pd.concat(parts, ignore_index=True)


def _by_size(frame: pd.DataFrame, values: Mapping[str, Any]) -> Figure:
    batch = 100 * (values["test_batch_2"] - values["test_batch_64"])
    layer = 100 * (values["test_layer_2"] - values["test_layer_64"])
    none = 100 * (values["test_none_2"] - values["test_none_64"])
    figure = metric_by_factor(
        frame,
        "fit.batch_size",
        "test_accuracy",
        series="norm",
        title={
            "en": f"From batches of 64 to 2: {batch:+.1f} points with batch norm, {layer:+.1f} "
            f"with layer norm, {none:+.1f} with none",
            "zh": f"批量从 64 降到 2：批量归一化 {batch:+.1f} 个百分点，层归一化 {layer:+.1f} 个，"
            f"不归一化 {none:+.1f} 个",
        },
        caption={
            "en": "The rate is proportional to the batch size, so that an epoch goes equally far.",
            "zh": "学习率与批量大小成正比，每轮走过的路程因而相同。",
        },
        band=T_BAND,
        name="accuracy-by-batch-size",
        log=True,
    )
    return _worded(figure, _NORM_WORDS)


def _gap_figure(gaps: pd.DataFrame, values: Mapping[str, Any]) -> Figure:
    shown = gaps[gaps["norm"] == "batch"].groupby(["series", "size"], sort=False)["accuracy"]
    lines = shown.agg(["mean", "min", "max"]).reset_index()
    lines = lines.rename(columns={"size": "x", "min": "low", "max": "high"})
    figure = band_lines(
        lines,
        name="training-and-evaluation",
        title={
            "en": f"The same weights, trained in batches of 2: {100 * values['own_2']:.1f} % of "
            f"validation images right in batches of 2, {100 * values['running_2']:.1f} % by "
            "running averages",
            "zh": f"同一组权重（以批量 2 训练）：验证图像按批量 2 归一化答对 "
            f"{100 * values['own_2']:.1f} %，按滑动平均答对 {100 * values['running_2']:.1f} %",
        },
        x_title="batch size in training",
        y=Quantity("validation accuracy", True),
        caption={
            "en": f"Mean over {values['n_kept']} seeds; the band goes from the least to the "
            "largest.",
            "zh": f"{values['n_kept']} 个种子的均值；带为最小值到最大值。",
        },
        series_title="statistics from",
        ordered=False,
        log_x=True,
    )
    return _worded(figure, _GAP_WORDS)


def _spread_figure(spreads: pd.DataFrame, values: Mapping[str, Any]) -> Figure:
    import pandas as pd

    parts = []
    for column, name in (("measured", "measured"), ("law", "first-order law")):
        found = spreads.groupby("size")[column].agg(["mean", "min", "max"]).reset_index()
        parts.append(found.assign(series=name))
    lines = pd.concat(parts, ignore_index=True)
    lines = lines.rename(columns={"size": "x", "min": "low", "max": "high"})
    low, high = values["spread_4"], values["spread_256"]
    figure = band_lines(
        lines,
        name="spread-by-batch-size",
        title={
            "en": "What mates add to an image's scores falls with one over the root of the batch "
            f"size: {100 * low:.0f} % at 4, {100 * high:.1f} % at 256",
            "zh": f"同批样本给一张图像的得分带来的波动按批量的平方根反比下降：批量 4 时 "
            f"{100 * low:.0f} %，批量 256 时 {100 * high:.1f} %",
        },
        x_title="batch size",
        y=Quantity("spread over batches / spread over images", True),
        caption={
            "en": "Standard deviation of one image's scores over random batches, as a share of "
            "that over images. The law is computed from the weights, not fitted. With layer norm "
            f"the spread is {values['layer_spread']:.0g}. Mean over {values['n_kept']} seeds; the "
            "band goes from the least to the largest.",
            "zh": "同一张图像的得分在随机批量上的标准差，除以得分在图像之间的标准差。"
            "定律由权重算出，并非拟合。"
            f"层归一化的波动为 {values['layer_spread']:.0g}。{values['n_kept']} 个种子的均值；"
            "带为最小值到最大值。",
        },
        series_title="curve",
        ordered=False,
        log_x=True,
        log_y=True,
    )
    words = {**_SPREAD_WORDS, "spread over batches / spread over images": "批量间波动 / 图像间差异"}
    return _worded(figure, words)


def _image_figure(image: pd.DataFrame, values: Mapping[str, Any]) -> Figure:
    low, high = 100 * values["image_low_4"], 100 * values["image_high_4"]
    figure = spread_strips(
        image,
        "batch size",
        "probability",
        title={
            "en": f"One image, one network, other mates: 90 % of its probabilities lie between "
            f"{low:.0f} % and {high:.0f} % in batches of 4",
            "zh": f"同一张图像、同一个网络，只换同批样本：批量为 4 时，九成概率落在 {low:.0f} % 与 "
            f"{high:.0f} % 之间",
        },
        measure=Quantity("probability of the image's class", True),
        caption={
            "en": "A validation image that gets about 50 % when all validation images are one "
            "batch; each dot is a random batch.",
            "zh": "所有验证图像合为一个批量时概率约为 50 % 的一张图像；每点是一个随机批量。",
        },
        band=_BATCH_RANGE,
        name="one-image",
    )
    return _worded(figure, {"probability of the image's class (%)": "该图像所属类别的概率（%）"})


def _worded(figure: Figure, words: Mapping[str, str]) -> Figure:
    from dataclasses import replace

    return replace(figure, words={**figure.words, **words})
