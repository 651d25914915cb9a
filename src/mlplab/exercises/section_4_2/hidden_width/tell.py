"""What the widths' runs tell: values for the text, figures, tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.told import fresh_values, summary_cells

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
    from mlplab.experiment import Runs
    from mlplab.specs import Verdict

_PRINTED = {"train_accuracy": 0.8656, "test_accuracy": 0.8500}
"""What the source printed for 300 hidden units after 10 epochs, from one run."""
_PRINTED_EPOCHS = 10


def tell(results: Results) -> Findings:
    """Collect what the page says and shows.

    The score of the chosen width is trained with fresh seeds here: one logged look.
    """
    from mlplab.stats import selection_optimism

    widths, published = results.runs["widths"], results.runs["published"]
    frame = widths.frame(last=True)
    frame["width"] = frame["net.hidden"].astype(int)
    test = frame.groupby("width")["test_accuracy"].mean()
    best = widths.best("valid_accuracy")
    fresh = best.score_test(seeds=results.profile.pick(5, 10), progress=results.progress)
    by_test = selection_optimism(widths.values("test_accuracy"))
    again = published.values("test_accuracy")[0]
    widest = int(max(test.index))
    values: dict[str, Any] = {
        "n_seeds": int(frame["seed"].nunique()),
        "epochs": int(frame["epoch"].max()),
        "n_valid": widths.experiment.data.n_valid,
        "widest": widest,
        "test_16": float(test[16]),
        "test_256": float(test[256]),
        "test_widest": float(test[widest]),
        "gain": float(test[widest] - test[16]),
        "gain_64_256": float(test[256] - test[64]),
        "gain_256_1024": float(test[1024] - test[256]),
        "chosen": best.arm.run.mlp.hidden[0],
        "chosen_valid": best.mean,
        **_sets(results.verdicts["best"], widths),
        "still_rising": _still_rising(widths),
        "optimism": best.optimism,
        "test_optimism": by_test.optimism,
        **fresh_values(fresh),
        "printed_test": _PRINTED["test_accuracy"],
        "printed_train": _PRINTED["train_accuracy"],
        "printed_epochs": _PRINTED_EPOCHS,
        "again_mean": float(again.mean()),
        "again_low": float(again.min()),
        "again_high": float(again.max()),
    }
    figures = _figures(widths, frame, values, results.verdicts)
    return Findings(values, figures, {"accuracy": _accuracies(widths, published)})


def _sets(verdict: Verdict, runs: Runs) -> dict[str, Any]:
    """The claim's own sets, at the claim's share of the level: text and figure both show these."""

    def widths(name: str) -> list[int]:
        labels: Any = verdict.details.get(name, [])
        return sorted(runs.experiment.find(label).run.mlp.hidden[0] for label in labels)

    return {name: widths(name) for name in ("candidates", "near_best")}


def _accuracies(widths: Runs, published: Runs) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for runs, kind in ((widths, "compared"), (published, "published")):
        metrics = ["train_accuracy", "valid_accuracy", "test_accuracy"]
        if not runs.experiment.data.n_valid:
            metrics.remove("valid_accuracy")
        for one, cells in summary_cells(runs, metrics):
            units = runs.experiment.find(one.arm).run.mlp.hidden[0]
            rows.append({"hidden units": units, "setting": kind, **cells})
    return pd.DataFrame(rows)


def _figures(
    widths: Runs, frame: pd.DataFrame, values: Mapping[str, Any], verdicts: Mapping[str, Verdict]
) -> tuple[Figure, ...]:
    from mlplab.draw import best_set, learning_curves, metric_by_factor, paired_differences
    from mlplab.exercises.uncertainty_bands import T_BAND

    is_same_setting = values["epochs"] == values["printed_epochs"]
    by_width = metric_by_factor(
        frame,
        "width",
        "test_accuracy",
        band=T_BAND,
        log=True,
        # The source trained for ten epochs: beside shorter runs its figure is no reference.
        references={"published, 300 units": values["printed_test"]} if is_same_setting else {},
        name="accuracy-by-width",
    )
    compared = [verdicts[key] for key in ("same", "wide", "narrow")]
    pairs = paired_differences(
        widths.pairs(*(one.id for one in compared)),
        compared,
        labels={
            one.id: f"{width} − 256" for one, width in zip(compared, (376, 1024, 16), strict=True)
        },
        name="paired-differences",
    )
    chosen = best_set(
        frame,
        "valid_accuracy",
        by="width",
        candidates=values["candidates"],
        near_best=values["near_best"],
        matters=verdicts["best"].matters or 0.0,
        band=T_BAND,
        name="best-widths",
    )
    course = widths.frame()
    course["width"] = course["net.hidden"].astype(int)
    curves = learning_curves(
        course[course["width"].isin((16, 64, 256, 1024))],
        "valid_accuracy",
        by="width",
        band=T_BAND,
        name="validation-curves",
    )
    return by_width, pairs, chosen, curves


def _still_rising(runs: Runs) -> bool:
    """Whether each width's mean validation accuracy is highest at the last epoch."""
    means = runs.frame().groupby(["arm", "epoch"])["valid_accuracy"].mean().unstack("epoch")
    return bool((means.idxmax(axis=1) == means.columns.max()).all())
