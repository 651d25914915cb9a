"""What the rates' runs tell: values for the text, figures, tables."""

from __future__ import annotations

from typing import Any

from mlplab.draw import learning_curves, metric_by_factor
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.grid_edges import edges_of
from mlplab.exercises.section_4_2.learning_rate.design import SOURCE_DECAY, SOURCE_RATES
from mlplab.exercises.section_4_2.learning_rate.design import constant as steady
from mlplab.exercises.section_4_2.learning_rate.measure import rises
from mlplab.exercises.told import means, summary_table
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import T_BAND


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    constant, decaying, finals = (results.runs[n] for n in ("constant", "decaying", "finals"))
    source, first = results.runs["source"], results.runs["first epoch"]
    at_first = means(first, "train_loss").values()
    n_epochs = source.experiment.base.fit.epochs
    final = [arm.factors for arm in finals.arms]
    test = list(means(finals, "test_accuracy").values())
    loss = list(means(finals, "train_loss").values())
    frame = constant.frame(last=True)
    by_rate = frame.groupby("optim.lr")["valid_accuracy"].mean()
    values: dict[str, Any] = {
        "n_seeds": len(finals.experiment.seeds),
        "n_choosing": len(constant.experiment.seeds),
        "epochs": constant.experiment.base.fit.epochs,
        "n_train": n_train(constant),
        "n_rates": len(constant.arms),
        "n_decays": len(decaying.arms),
        "best_rate": float(final[0]["optim.lr"]),
        "schedule": schedule_kind(str(final[1]["optim.schedule"])),
        "decay_rate": float(final[1]["optim.lr"]),
        "test_constant": test[0],
        "test_decay": test[1],
        "loss_constant": loss[0],
        "loss_decay": loss[1],
        "least_rate": float(by_rate.index.min()),
        "valid_least": float(by_rate.iloc[0]),
        "valid_best": float(by_rate.max()),
        "source_epochs": n_epochs,
        "source_rows": n_train(source),
        "source_rates": [f"{rate:g}" for rate in SOURCE_RATES],
        "source_last": 0.1 * 0.98 ** (n_epochs - 1),
        "first_losses": list(at_first),
        "first_rows": n_train(first),
        "rises_largest": float(rises(source, SOURCE_RATES[0]).mean()),
        "rises_usual": float(rises(source, SOURCE_RATES[1]).mean()),
    }
    labels = {source.experiment.find(SOURCE_DECAY).label: "0.1, times 0.98 each epoch"}
    labels |= {source.experiment.find(steady(rate)).label: f"{rate:g}" for rate in SOURCE_RATES}
    published = source.frame()
    published["rate"] = published["arm"].map(labels)
    of_source = learning_curves(
        published,
        "train_loss",
        by="rate",
        band=T_BAND,
        name="source-rates",
    )
    by_lr = metric_by_factor(
        frame,
        "optim.lr",
        "valid_accuracy",
        band=T_BAND,
        log=True,
        name="accuracy-by-rate",
    )
    sweep = decaying.frame(last=True)
    sweep["schedule"] = [schedule_kind(str(one)) for one in sweep["optim.schedule"]]
    by_schedule = metric_by_factor(
        sweep,
        "optim.lr",
        "valid_accuracy",
        series="schedule",
        band=T_BAND,
        log=True,
        name="accuracy-by-schedule",
    )
    cosine = {"optim.lr": 3 * values["best_rate"], "optim.schedule": "cosine"}
    compared = {
        "cosine from three times the rate": cosine,
        "best decaying rate": final[1],
        "best constant rate": final[0],
    }
    names = {finals.experiment.find(factors).label: name for name, factors in compared.items()}
    course = finals.frame()
    course = course[course["arm"].isin(names)].assign(course=course["arm"].map(names))
    curves = learning_curves(
        course,
        "train_loss",
        by="course",
        band=T_BAND,
        name="training-loss",
    )
    chose = ["valid_accuracy"]
    tables = {
        "source": summary_table({"": source}, ["train_loss", "test_accuracy"]),
        "finals": summary_table({"": finals}, ["train_loss", "valid_accuracy", "test_accuracy"]),
        "constant": summary_table({"": constant}, chose),
        "decaying": summary_table({"": decaying}, chose),
    }
    edges = (*edges_of(constant, []), *edges_of(decaying, []))
    return Findings(values, (of_source, by_lr, by_schedule, curves), tables, edges=edges)


def schedule_kind(schedule: str) -> str:
    """Return a schedule's kind, without its settings."""
    return schedule.partition("(")[0].partition(":")[0]
