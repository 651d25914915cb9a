"""What exercise 4.2.1 tells of its runs: values for the text, figures, tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlplab.draw.words import VERDICT_WORDS
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Findings

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
    from mlplab.experiment import Best, Runs
    from mlplab.experiment.progress import ProgressCallback
    from mlplab.specs import Verdict


def tell(
    widths: Runs,
    published: Runs,
    profile: Profile,
    printed: Mapping[str, float],
    progress: ProgressCallback | None = None,
) -> Findings:
    """Collect what the page of 4.2.1 says and shows.

    The score of the chosen width is trained with fresh seeds here: one logged look.
    """
    from mlplab.stats import selection_optimism

    frame = widths.frame(last=True)
    frame["width"] = frame["net.hidden"].astype(int)
    test = frame.groupby("width")["test_accuracy"].mean()
    best = widths.best("valid_accuracy")
    fresh = best.score_test(seeds=profile.pick(5, 10), progress=progress)
    by_test = selection_optimism(widths.values("test_accuracy"))
    same, is_best, wide, narrow = widths.verdicts()
    again = published.values("test_accuracy")[0]
    low, high = same.interval or (float("nan"), float("nan"))
    widest = int(max(test.index))
    fresh_low, fresh_high = fresh.interval or (float("nan"), float("nan"))
    values: dict[str, Any] = {
        "n_seeds": int(frame["seed"].nunique()),
        "epochs": int(frame["epoch"].max()),
        "n_valid": widths.experiment.data.n_valid,
        "widest": widest,
        "test_16": float(test[16]),
        "test_256": float(test[256]),
        "test_widest": float(test[widest]),
        "gain_64_256": float(test[256] - test[64]),
        "gain_256_1024": float(test[1024] - test[256]),
        "step_256_376": same.effect,
        "step_low": low,
        "step_high": high,
        "matters": same.matters,
        "verdict_same": VERDICT_WORDS[same.verdict],
        "verdict_best": VERDICT_WORDS[is_best.verdict],
        "verdict_wide": VERDICT_WORDS[wide.verdict],
        "verdict_narrow": VERDICT_WORDS[narrow.verdict],
        "chosen": best.arm.run.mlp.hidden[0],
        "chosen_valid": best.mean,
        # The claim's own sets, at the claim's share of the level: the verdict follows from them.
        "candidates": _widths(is_best.details.get("candidates", best.candidates), widths),
        "near_best": _widths(is_best.details.get("near_best", best.near_best), widths),
        "optimism": best.optimism,
        "test_optimism": by_test.optimism,
        "fresh": fresh.mean,
        "fresh_low": fresh_low,
        "fresh_high": fresh_high,
        "n_fresh": fresh.n_seeds,
        "published_test": printed["test_accuracy"],
        "published_train": printed["train_accuracy"],
        "again_mean": float(again.mean()),
        "again_low": float(again.min()),
        "again_high": float(again.max()),
    }
    verdicts = (same, is_best, wide, narrow)
    figures = _figures(widths, frame, values, verdicts, best)
    return Findings(values, figures, _tables(widths, published))


def _widths(labels: Any, runs: Runs) -> str:
    found = sorted(runs.experiment.find(label).run.mlp.hidden[0] for label in labels)
    return ", ".join(map(str, found)) or "–"


def _tables(widths: Runs, published: Runs) -> dict[str, pd.DataFrame]:
    import pandas as pd

    rows = []
    for runs, kind in ((widths, "54,000 rows, last batch dropped"), (published, "as published")):
        metrics = ["train_accuracy", "valid_accuracy", "test_accuracy"]
        if not runs.experiment.data.n_valid:
            metrics.remove("valid_accuracy")
        for parts in zip(*(runs.summary(metric) for metric in metrics), strict=True):
            arm = runs.experiment.find(parts[0].arm)
            row: dict[str, Any] = {"hidden units": arm.run.mlp.hidden[0], "setting": kind}
            for metric, part in zip(metrics, parts, strict=True):
                row[metric] = part.mean
                row[f"{metric} low"], row[f"{metric} high"] = part.interval or (None, None)
            row["seeds"], row["failed"] = parts[0].n_seeds, parts[0].n_failed
            rows.append(row)
    return {"Accuracy by width, mean and 95 % interval over seeds": pd.DataFrame(rows)}


def _figures(
    widths: Runs,
    frame: pd.DataFrame,
    values: Mapping[str, Any],
    verdicts: tuple[Verdict, ...],
    best: Best,
) -> tuple[Figure, ...]:

    from mlplab.draw import best_set, learning_curves, metric_by_factor, paired_differences
    from mlplab.exercises.uncertainty_bands import T_BAND

    same, _, wide, narrow = verdicts
    rise = 100 * (values["test_widest"] - values["test_16"])
    by_width = metric_by_factor(
        frame,
        "width",
        "test_accuracy",
        title={
            "en": f"From 16 to {values['widest']} units, test accuracy changes by "
            f"{rise:+.1f} points",
            "zh": f"从 16 到 {values['widest']} 个单元，测试准确率变化 {rise:+.1f} 个百分点",
        },
        band=T_BAND,
        log=True,
        references={"published, 300 units": values["published_test"]},
        name="accuracy-by-width",
    )
    pairs = paired_differences(
        widths.pairs(same.id, wide.id, narrow.id),
        [same, wide, narrow],
        labels={same.id: "376 − 256", wide.id: "1024 − 256", narrow.id: "16 − 256"},
        title={
            "en": f"376 against 256 units: {100 * values['step_256_376']:+.2f} points, "
            f"{values['verdict_same']['en']} as “the same”",
            "zh": f"376 与 256 个单元之差：{100 * values['step_256_376']:+.2f} 个百分点，"
            f"“相同”{values['verdict_same']['zh']}",
        },
        name="paired-differences",
    )
    labels = {arm.label: arm.run.mlp.hidden[0] for arm in widths.arms}
    chosen = best_set(
        frame,
        "valid_accuracy",
        by="width",
        candidates=[labels[label] for label in best.candidates],
        near_best=[labels[label] for label in best.near_best],
        matters=best.matters,
        title={
            "en": f"By validation accuracy, {values['candidates']} may be the best width",
            "zh": f"按验证准确率，最佳宽度可能是 {values['candidates']}",
        },
        band=T_BAND,
        name="best-widths",
    )
    course = widths.frame()
    course["width"] = course["net.hidden"].astype(int)
    curves = learning_curves(
        course[course["width"].isin((16, 64, 256, 1024))],
        "valid_accuracy",
        by="width",
        title={
            "en": f"After {values['epochs']} epochs every width is still "
            f"{'rising' if _still_rising(course) else 'near its best'}",
            "zh": f"{values['epochs']} 轮之后，各种宽度"
            f"{'仍在上升' if _still_rising(course) else '已接近最佳'}",
        },
        band=T_BAND,
        name="validation-curves",
    )
    return by_width, pairs, chosen, curves


def _still_rising(course: pd.DataFrame) -> bool:
    """Whether each width's mean validation accuracy is highest at the last epoch."""
    means = course.groupby(["width", "epoch"])["valid_accuracy"].mean().unstack("epoch")
    return bool((means.idxmax(axis=1) == means.columns.max()).all())
