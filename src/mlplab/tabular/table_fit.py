"""A table's model chosen within a time budget: many networks, cross-validated, then mixed."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from importlib import import_module
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.errors import ConfigError, DataError, Interrupted
from mlplab.experiment.progress import ProgressCallback, ProgressOption, Total
from mlplab.experiment.progress_bar import reporting
from mlplab.inside import refuse_at_import
from mlplab.reading import read_flag, read_number, read_whole, read_word, refuse_unless
from mlplab.store import Store
from mlplab.tabular.columns import Schema, check_schema, no_such_column
from mlplab.tabular.conform import conform
from mlplab.tabular.ensemble_weights import mixed
from mlplab.tabular.entries import texts_of
from mlplab.tabular.fold_networks import Trainer, TrainingTable
from mlplab.tabular.fold_rows import fold_of_rows
from mlplab.tabular.infer import column_names, infer, infer_schema
from mlplab.tabular.journal import Journal
from mlplab.tabular.labels import Label, labels_of
from mlplab.tabular.question import question_of
from mlplab.tabular.read import Table
from mlplab.tabular.scoring import METRICS, Scoring, TaskKind, scoring_of
from mlplab.tabular.shortcuts import Shortcut
from mlplab.tabular.table_model import CrossValidation, TableModel, in_units
from mlplab.tabular.table_search import TableSearch
from mlplab.tabular.target_kind import check_task, class_order, describe_target
from mlplab.tabular.time_budget import Budget

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]
# Of the time: half for many configurations with one seed, the rest for seeds of the best; 5 % are
# left for mixing and files.
_SEARCH_SHARE, _BROAD_SHARE, _RIVALS_SHARE = 0.95, 0.5, 0.2
_LEAST_SECONDS = 10.0  # to train, even if reading took all of the time


def fit_table(
    train: pd.DataFrame | Table,
    target: str | None = None,
    *,
    schema: Schema | None = None,
    task: TaskKind | None = None,
    metric: str | None = None,
    minutes: float = 5.0,
    blend: bool = False,
    n_folds: int = 5,
    groups: Any = None,
    nested: bool = False,
    seed: int = 0,
    threads: int | None = None,
    configurations: int | None = None,
    progress: ProgressOption = True,
    store: Store | None = None,
    device: str = "cpu",
    stop: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
    started: float | None = None,
) -> TableModel:
    """Return the ensemble of networks that predicts a column best, as cross-validation judges.

    A broad wave trains configurations (linear models and networks, several ways to turn columns
    into inputs) with one seed each, all folds together. Those that help an ensemble most get more
    seeds. Their weights come from out-of-fold predictions. Each fold's encoder, scales and models
    see its training rows only. A row's prediction is the mean over the models of all folds.

    `cv.score` is of predictions for which survivors and weights were chosen without the fold that
    is scored. One thing it does not redo without that fold: the predictions of other folds, from
    which the choice is made, come from models that were trained on its rows as well; `nested` does.

    Args:
        train: rows, (N, ...), with the target; or what `read_table` returned.
        target: name of the column to predict.
        schema: what the columns are; None: inferred.
        task: `regression` or `classification`; None: by the metric, else by the target, see
            `infer_schema`.
        metric: `rmse`, `log-rmse`, `log-loss` or `accuracy`; None: see `scoring_of`.
        minutes: at most, of wall time; small tables take less. What is left out for it is in
            `shortcuts` of the model.
        blend: add scikit-learn models to the ensemble; they are marked as such. They have a fifth
            of the time; with `configurations` each is fitted on every fold however long it takes,
            half a minute or more even on 40 rows.
        n_folds: of the cross-validation.
        groups: of each row, (N,): no group is in two folds.
        nested: repeat everything without each fold in turn and score that fold, in the second half
            of the time.
        seed: deals rows into folds, draws configurations, and is the networks' first seed.
        threads: None takes the cores.
        configurations: so many configurations instead of a time, and `minutes` is not looked at:
            the same seed and number then give the same model on one machine.
        progress: True for a bar in a terminal or a notebook, where it takes longer than two
            seconds; False for none; or what is called with a `Progress`, up to ten times a second.
        store: keeps networks that end, and what the clock decided: the same call after an
            interrupt, or a kill, goes on to the same bits, and after its end answers at once. None
            keeps nothing.
        device: `cpu`, `cuda`, `mps`.
        stop: asked while it trains; once true, the model is made of what has finished.
        clock: seconds that only grow; the limit is read from it.
        started: when the minutes began, on the clock; None: now.

    Raises:
        ConfigError: a setting that does not fit.
        DataError: rows that cannot be used.
        Interrupted: an end was asked for before any configuration had finished.

    Warns, where no schema is given: of entries that are read as numbers, dates or ids, and of a
    target that may be meant otherwise.

    Cost: the time that is given; memory of about folds x rows x features x 40 bytes.

    Source: Holzmüller et al., arXiv 2407.04491, for scaling and schedules; Gorishniy et al., arXiv
    2410.24210, for ensembles as the unit; Huber, Robust statistics, 1981, for drawn-in targets.

    >>> from sklearn.datasets import load_wine
    >>> frame = load_wine(as_frame=True).frame
    >>> model = fit_table(frame, "target", task="classification", configurations=2)
    >>> model.metric, model.cv.score < 0.3
    ('log-loss', True)
    """
    refuse_at_import()
    started = clock() if started is None else started
    check_schema(schema)
    if isinstance(train, Table):
        schema = schema or train.schema
        target = target or train.schema.target
        train = train.frame
    minutes = read_number("minutes", minutes, "more than 0", lambda number: number > 0)
    blend, nested = read_flag("blend", blend), read_flag("nested", nested)
    n_folds, seed = read_whole("n_folds", n_folds, 2), read_whole("seed", seed, 0)
    refuse_unless("store", store, (Store, NoneType), "a Store, or None")
    if threads is not None:
        threads = read_whole("threads", threads)
    if configurations is not None:
        configurations = read_whole("configurations", configurations)
    frame, schema, kind, labels = _checked(train, target, schema, task, metric)
    name = str(schema.target)
    truth, classes = _truth(frame[name], kind)
    scoring = scoring_of(metric, kind, truth)
    learnt = np.log(truth) if scoring.logarithmic else truth
    folds = fold_of_rows(truth, kind, n_folds, seed, groups)
    table = TrainingTable(frame.drop(columns=name), schema, learnt, kind, len(classes), folds)

    seconds = 60 * minutes / 2 if nested else 60 * minutes
    settings = {"minutes": minutes, "configurations": configurations, "blend": blend, "seed": seed}
    question = "" if store is None else question_of(table, settings | {"nested": nested})
    title = f"fit of {name}, {len(frame)} rows"
    journal = Journal(store, question, title)
    # However long reading took, some time is left to train; loading the engine is none of it.
    import_module("mlplab.execute")
    begun = max(started, clock() - max(0.0, seconds - _LEAST_SECONDS))
    with reporting(progress, "fit") as report:
        total = Total(report)
        say = total.next_part() if nested else report
        budget = Budget(seconds, configurations, say, clock=clock, started=begun, stop=stop)
        budget.went_on(journal.seconds)
        search = TableSearch(table, budget, seed, Trainer(store, device, threads, title), journal)
        search.broad(_BROAD_SHARE - _RIVALS_SHARE if blend else _BROAD_SHARE)
        if blend:
            search.rivals(_BROAD_SHARE)
        if not search.tried and stop():
            raise Interrupted("interrupted: no configuration had finished")
        search.fall_back()
        table = search.table
        every = np.ones(len(truth), dtype=bool)
        chosen = [search.survivors(folds != k) for k in range(table.n_folds)]
        final = search.survivors(every)
        union = sorted({*final, *(i for some in chosen for i in some)})
        search.deepen([search.tried[i] for i in union], _SEARCH_SHARE)

        bounds = _wide_bounds(learnt) if kind == "regression" else (0.0, 0.0)

        def told(outputs: Array) -> Array:
            return (
                outputs if classes else in_units(outputs, bounds, logarithmic=scoring.logarithmic)
            )

        outputs = np.stack([one.mean for one in search.tried])
        # Chosen anew without each fold: the choice does not flatter the score.
        honest = np.empty(outputs.shape[1:])
        for k, some in enumerate(chosen):
            held = folds == k
            own = search.weights(some, outputs[:, ~held], learnt[~held])
            honest[held] = mixed(own, outputs[:, held])
        weights = search.weights(final, outputs, learnt)
        kept = [(int(i), float(weights[i])) for i in np.flatnonzero(weights)]
        predicted = mixed(weights, outputs)

        score, per_fold, interval = scoring.by_fold(truth, told(honest), folds, groups)
        shares = dict(kept)
        tried = _frame(search, scoring, truth, told, shares, groups)
        inputs = list(dict.fromkeys(search.tried[i].inputs for i, _ in kept))
        parts = tuple(search.tried[i].part(inputs.index(search.tried[i].inputs)) for i, _ in kept)
        encodings = tuple(search.encoding(one) for one in inputs)
        encoders = [encoder for encoding in encodings for encoder in encoding.encoders]
        if any(encoder.is_cut(table.most_levels) for encoder in encoders):
            search.shortcuts.append(Shortcut("levels", {"n": table.most_levels}))
        members = tried[tried["weight"] > 0].sort_values("weight", ascending=False, kind="stable")
        whole = None
        if nested and not stop():
            again = {"metric": scoring.metric, "blend": blend, "store": store, "device": device}
            again |= {"n_folds": n_folds, "seed": seed, "threads": threads, "stop": stop}
            again |= {"minutes": minutes / 2 / table.n_folds, "clock": clock}
            again |= {"task": kind, "schema": schema, "configurations": configurations}
            whole = scoring.score(
                truth, _without_each_fold(frame, classes, folds, groups, again, total.next_part)
            )
    return TableModel(
        task=kind,
        metric=scoring.metric,
        target=name,
        schema=schema,
        classes=tuple(labels[name] for name in classes),
        n_folds=table.n_folds,
        fold_index=folds,
        out_of_fold=told(predicted),
        cv=CrossValidation(
            metric=scoring.metric,
            why=scoring.why,
            score=score,
            optimistic=scoring.score(truth, told(predicted)),
            folds=per_fold,
            interval=interval,
            nested=whole,
            out_of_fold=told(honest),
        ),
        members=members.reset_index(drop=True),
        tried=tried,
        seconds=clock() - started,
        logarithmic=scoring.logarithmic,
        bounds=bounds,
        encodings=encodings,
        parts=parts,
        weights=np.array([weight for _, weight in kept]),
        shortcuts=tuple(search.shortcuts),
        interrupted=stop(),
    )


def _wide_bounds(learnt: Array) -> tuple[float, float]:
    """Return between what numbers predictions are kept: half a spread beyond the training rows."""
    spread = float(np.ptp(learnt))
    # A network may extrapolate without bound on one odd row: exp of that would be any price.
    low = float(np.min(learnt)) - spread / 2
    return low, low + 2 * spread


def _without_each_fold(
    frame: pd.DataFrame,
    classes: tuple[str, ...],
    folds: Any,
    groups: Any,
    again: dict[str, Any],
    next_part: Callable[[], ProgressCallback | None],
) -> Array:
    """Fit everything anew without each fold's rows, and predict those."""
    name = str(again["schema"].target)
    out = np.zeros((len(frame), len(classes)) if classes else len(frame))
    for k in range(int(folds.max()) + 1):
        held = folds == k
        shown = None if groups is None else np.asarray(groups)[~held]
        model = fit_table(frame[~held], name, groups=shown, progress=next_part(), **again)
        rows = frame[held].drop(columns=name)
        if not classes:
            out[held] = model.predict(rows)
            continue
        # a class may be missing without the fold
        places = np.array([classes.index(str(one)) for one in model.classes])
        out[np.ix_(np.flatnonzero(held), places)] = model.predict_proba(rows)
    return out


def _checked(
    train: pd.DataFrame,
    target: str | None,
    schema: Schema | None,
    task: TaskKind | None,
    metric: str | None,
) -> tuple[pd.DataFrame, Schema, TaskKind, dict[str, Label]]:
    """Return the frame as its schema says, the schema, what is predicted, and labels by text."""
    if target is None:
        raise ConfigError("target: expected the name of a column; got None")
    check_task(task)
    if metric is not None:
        read_word("metric", metric, METRICS)
    names = column_names(train)
    if target not in names:
        raise DataError(no_such_column(target, names, "target"))
    column = train.iloc[:, names.index(target)]
    kind = task or METRICS.get(metric or "")
    declared = schema is not None
    if schema is None:
        inference = infer(train, target=target, task=kind)
        schema = inference.schema
        for line in inference.notes:
            warnings.warn(line, stacklevel=3)
    elif schema.target != target:
        own = infer_schema(column.to_frame(), target=target, missing=schema.missing, task=kind)
        schema = schema.replace(target=target).with_types({target: own[target]})
    if kind is None:
        kind = "regression" if schema[target].kind == "number" else "classification"
        _, doubt = describe_target(
            filter(None, texts_of(column, schema.missing)), numbers=kind == "regression"
        )
        if doubt and not declared:
            warnings.warn(f"target {target!r}: {doubt}", stacklevel=3)
    wanted = "number" if kind == "regression" else "category"
    if schema[target].kind != wanted:
        types: dict[str, Any] = {target: wanted}
        if kind == "regression":
            types = {target: infer_schema(column.to_frame(), types=types)[target]}
        schema = schema.with_types(types)
    frame = conform(train, schema)
    missing = int(frame[target].isna().sum())
    if missing:
        raise DataError(
            f"target {target!r}: expected an entry in every row; missing in {missing} of "
            f"{len(frame)}; leave these rows out"
        )
    _refuse_useless(schema)
    if kind == "regression":
        return frame, schema, kind, {}
    return frame, schema, kind, labels_of(column, texts_of(column, frozenset(schema.missing)))


def _refuse_useless(schema: Schema) -> None:
    usable = [c.name for c in schema.features if c.kind in ("number", "category", "date")]
    if not usable:
        raise DataError("train: no column that a model can use; expected a number, category, date")


def _truth(series: Any, kind: TaskKind) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Return numbers and no classes, or class ids and the names of classes."""
    if kind == "regression":
        numbers = series.to_numpy(np.float64)
        if np.ptp(numbers / 2) == 0:
            raise DataError(f"target {series.name!r}: expected different numbers; all are equal")
        return numbers, ()
    names = [str(text) for text in series]
    classes = sorted(set(names), key=class_order)
    if len(classes) < 2:
        raise DataError(f"target {series.name!r}: expected at least 2 classes; got {classes}")
    if len(classes) > max(2, len(names) // 2):
        raise DataError(
            f"target {series.name!r}: {len(classes)} classes in {len(names)} rows are too many; "
            "is it a number? then give task='regression'"
        )
    places = {name: place for place, name in enumerate(classes)}
    return np.array([places[name] for name in names], dtype=np.int64), tuple(classes)


def _frame(
    search: TableSearch,
    scoring: Scoring,
    truth: npt.NDArray[Any],
    told: Callable[[Array], Array],
    shares: dict[int, float],
    groups: Any,
) -> pd.DataFrame:
    import pandas as pd

    records = []
    for place, one in enumerate(search.tried):
        folds = search.table.fold_index
        score, _, (low, high) = scoring.by_fold(truth, told(one.mean), folds, groups)
        records.append(
            {
                "name": f"{one.kind}-{place + 1}",
                "kind": one.kind,
                "settings": one.words,
                "score": score,
                "low": low,
                "high": high,
                "n_seeds": len(one.outputs),
                "weight": float(shares.get(place, 0.0)),
            }
        )
    frame = pd.DataFrame(records)
    return frame.sort_values(
        "score", ascending=not scoring.greater_is_better, kind="stable", ignore_index=True
    )
