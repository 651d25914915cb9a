"""What exercise 4.2.3 tells of its runs: values for the text, figures, tables."""

from __future__ import annotations

from typing import Any

from mlplab.draw import learning_curves, metric_by_factor
from mlplab.exercises.registry import Findings
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.exercises.wording import means, summary_table, verdict_values
from mlplab.experiment import Runs


def tell(constant: Runs, decaying: Runs, finals: Runs) -> Findings:
    """Collect what the page of 4.2.3 says and shows."""
    decay, cosine, warm, small = finals.verdicts()
    final = [arm.factors for arm in finals.arms]
    test = list(means(finals, "test_accuracy").values())
    frame = constant.frame(last=True)
    by_rate = frame.groupby("optim.lr")["valid_accuracy"].mean()
    values: dict[str, Any] = {
        "n_seeds": len(finals.experiment.seeds),
        "n_choosing": len(constant.experiment.seeds),
        "epochs": constant.experiment.base.fit.epochs,
        "n_train": len(constant.experiment.data.split(0, constant.experiment.base.rows).train),
        "n_rates": len(constant.arms),
        "n_decays": len(decaying.arms),
        "best_rate": float(final[0]["optim.lr"]),
        "decay": _in_words(str(final[1]["optim.schedule"])),
        "decay_rate": float(final[1]["optim.lr"]),
        "test_constant": test[0],
        "test_decay": test[1],
        "least_rate": float(by_rate.index.min()),
        "valid_least": float(by_rate.iloc[0]),
        "valid_best": float(by_rate.max()),
    }
    for name, verdict in {"decay": decay, "cosine": cosine, "warm": warm, "small": small}.items():
        values |= verdict_values(f"verdict_{name}", verdict)
    by_lr = metric_by_factor(
        frame,
        "optim.lr",
        "valid_accuracy",
        title={
            "en": f"Among {values['n_rates']} constant rates, {values['best_rate']:g} is best on "
            "validation images",
            "zh": f"{values['n_rates']} 种恒定学习率中，验证图像上最好的是 {values['best_rate']:g}",
        },
        band=T_BAND,
        log=True,
        name="accuracy-by-rate",
    )
    sweep = decaying.frame(last=True)
    sweep["schedule"] = [_in_words(str(one)) for one in sweep["optim.schedule"]]
    by_schedule = metric_by_factor(
        sweep,
        "optim.lr",
        "valid_accuracy",
        series="schedule",
        title={
            "en": f"Of {values['n_decays']} courses that change, {values['decay']} from "
            f"{values['decay_rate']:g} is best on validation images",
            "zh": f"{values['n_decays']} 种变化的学习率中，验证图像上最好的是从 "
            f"{values['decay_rate']:g} 开始的 {values['decay']}",
        },
        band=T_BAND,
        log=True,
        name="accuracy-by-schedule",
    )
    course = finals.frame()
    course["course"] = [
        f"{_in_words(str(schedule))}, {rate:g}"
        for schedule, rate in zip(course["optim.schedule"], course["optim.lr"], strict=True)
    ]
    shown = {f"{_in_words(str(f['optim.schedule']))}, {f['optim.lr']:g}" for f in final[:3]}
    curves = learning_curves(
        course[course["course"].isin(shown)],
        "train_loss",
        by="course",
        title={
            "en": "The best constant rate, the best course that decays, and cosine decay from "
            "three times the rate",
            "zh": "最佳恒定学习率、最佳衰减方式，以及从三倍学习率开始的余弦衰减",
        },
        band=T_BAND,
        name="training-loss",
    )
    chose = ["valid_accuracy"]
    tables = {
        "Rates compared on fresh seeds": summary_table(
            {"": finals}, ["train_loss", "valid_accuracy", "test_accuracy"]
        ),
        "Constant rates, on the seeds that chose": summary_table({"": constant}, chose),
        "Decaying rates, on the seeds that chose": summary_table({"": decaying}, chose),
    }
    return Findings(values, (by_lr, by_schedule, curves), tables)


def _in_words(schedule: str) -> str:
    """Name a schedule as a legend does: its kind, without settings."""
    if "warmup" in schedule:
        return "warm-up"
    return schedule.partition("(")[0].partition(":")[0]
