"""What exercise 4.3.2 tells of its runs: values for the text, figures, tables."""

from __future__ import annotations

from typing import Any

from mlplab.draw import critical_differences, learning_curves, metric_by_factor
from mlplab.exercises.registry import Findings
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.exercises.wording import means, summary_table, verdict_values
from mlplab.experiment import Runs


def tell(same: Runs, rates: Runs, own: Runs) -> Findings:
    """Collect what the page of 4.3.2 says and shows."""
    order, stuck, gelu, leaky = same.verdicts()
    own_order, own_stuck, own_sigmoid = own.verdicts()
    frame = same.frame(last=True)
    test = frame.groupby("net.activation")["test_accuracy"].mean()
    own_frame = own.frame(last=True)
    usual = (own_frame["net.activation"] == "relu") & (own_frame["optim.lr"] == _usual_rate(same))
    tuned = own_frame[~usual] if len(own.arms) > test.size else own_frame
    own_test = tuned.groupby("net.activation")["test_accuracy"].mean()
    own_rate = tuned.groupby("net.activation")["optim.lr"].first()
    values: dict[str, Any] = {
        "n_seeds": len(same.experiment.seeds),
        "epochs": same.experiment.base.fit.epochs,
        "n_train": len(same.experiment.data.split(0, same.experiment.base.rows).train),
        "rate": _usual_rate(same),
        "sigmoid_loss": means(same, "train_loss")["activation=sigmoid"],
        "n_rate_seeds": len(rates.experiment.seeds),
        "best": str(test.idxmax()),
        "own_best": str(own_test.idxmax()),
        "spread": float(test.max() - test.min()),
        "own_spread": float(own_test.max() - own_test.min()),
    }
    for name in ("relu", "tanh", "sigmoid", "gelu"):
        values[f"test_{name}"] = float(test[name])
        values[f"own_{name}"] = float(own_test[name])
        values[f"rate_{name}"] = float(own_rate[name])
    for name, verdict in {
        "order": order,
        "stuck": stuck,
        "gelu": gelu,
        "leaky": leaky,
        "own_order": own_order,
        "own_stuck": own_stuck,
        "own_sigmoid": own_sigmoid,
    }.items():
        values |= verdict_values(f"verdict_{name}", verdict)
    both = _joined(frame.assign(rate=f"{_usual_rate(same):g} for all"), tuned)
    by_activation = metric_by_factor(
        both,
        "net.activation",
        "test_accuracy",
        series="rate",
        title={
            "en": f"A rate of its own shrinks the gap between activations from "
            f"{100 * values['spread']:.1f} to {100 * values['own_spread']:.1f} points",
            "zh": f"各用自己的学习率后，激活函数之间的差距从 {100 * values['spread']:.1f} 个百分点"
            f"变为 {100 * values['own_spread']:.1f} 个",
        },
        band=T_BAND,
        name="accuracy-by-activation",
    )
    course = same.frame()
    curves = learning_curves(
        course[course["net.activation"].isin(("relu", "tanh", "sigmoid", "gelu"))],
        "train_loss",
        by="net.activation",
        title={
            "en": f"After {values['epochs']} epochs at rate {values['rate']:g}, sigmoid's training "
            f"loss is {values['sigmoid_loss']:.2f}",
            "zh": f"学习率 {values['rate']:g}，{values['epochs']} 轮之后 sigmoid 的训练损失为 "
            f"{values['sigmoid_loss']:.2f}",
        },
        band=T_BAND,
        name="training-loss",
    )
    apart = critical_differences(
        tuned,
        "valid_accuracy",
        by="net.activation",
        n_test=len(own.experiment.data.split(0, own.experiment.base.rows).valid),
        title=_apart_title(tuned),
        caption={"en": "Each activation at its own rate.", "zh": "每种激活函数各用自己的学习率。"},
        name="told-apart",
    )
    table = summary_table(
        {"the chapter's rate": same, "its own rate": own},
        ["train_loss", "valid_accuracy", "test_accuracy"],
    )
    return Findings(
        values, (by_activation, apart, curves), {"By activation, mean and 95 % interval": table}
    )


def _apart_title(tuned: Any) -> dict[str, str]:
    lost = tuned.loc[tuned["status"].ne("finished"), "net.activation"]
    sound = tuned[~tuned["net.activation"].isin(lost)]
    means = sound.groupby("net.activation")["valid_accuracy"].mean().sort_values()
    worst, best = (str(means.index[i]) for i in (0, -1))
    return {
        "en": f"At rates of their own, {best} is highest on validation images and {worst} lowest",
        "zh": f"各用自己的学习率时，验证图像上 {best} 最高，{worst} 最低",
    }


def _usual_rate(same: Runs) -> float:
    return float(same.experiment.base.optim.lr)


def _joined(one: Any, other: Any) -> Any:
    import pandas as pd

    return pd.concat([one, other.assign(rate="each its own")], ignore_index=True)
