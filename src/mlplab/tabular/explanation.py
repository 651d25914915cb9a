"""What a table model does, in numbers for a page, within a stated time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.errors import ConfigError
from mlplab.tabular.classified import classified_tables
from mlplab.tabular.columns import Schema
from mlplab.tabular.entries import texts_of
from mlplab.tabular.facts import missing_map, missing_table
from mlplab.tabular.importance import Loss, Rows
from mlplab.tabular.labels import label_text
from mlplab.tabular.residuals import residual_table
from mlplab.tabular.scoring import Scoring
from mlplab.tabular.shortcuts import Shortcut
from mlplab.tabular.timed_dependence import dependence_in_time
from mlplab.tabular.timed_importance import importance_in_time
from mlplab.tabular.timed_shift import TableShift, shift_in_time
from mlplab.tabular.used_columns import weigh_columns
from mlplab.tabular.worst_predicted import with_unusual, worst_classified, worst_numbers

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.tabular.table_model import TableModel

Array = npt.NDArray[np.float64]

# Of the time: whether the tables differ, importance, dependence.
_SHIFT, _IMPORTANCE, _DEPENDENCE = 0.25, 0.45, 0.25
_FEW_COLUMNS, _MOST_UNUSUAL, _PILOT_ROWS = 16, 200, 120


@dataclass(frozen=True, eq=False, slots=True)
class Explanation:
    """Numbers about a model, all of them of rows that the models asked were not trained on.

    Attributes:
        model: from `fit_table`.
        n_test: rows to predict, if a test table was given.
        logarithmic: whether residuals are differences of logarithms.
        residuals: of a regression, as `residual_table` returns them; else None.
        confusion, calibration: of a classification; else None.
        worst: the rows with the largest errors: row, id if there is one, true, predicted, error,
            and what is most unusual in them.
        importance: as `permutation_importance` returns it.
        base: the loss that importance is the rise of, on all training rows.
        dependence: column -> as `partial_dependence` returns it.
        dependence_rows: rows that it averages over.
        gaps: as `missing_table` returns them; `gap_map` as `missing_map` does, in that order.
        shift: whether the test rows are distributed like the training rows; None without a test
            table, or where there is too little to compare.
        seconds: that all this took.
        shortcuts: what was left out for want of time.
    """

    model: TableModel
    n_test: int
    logarithmic: bool
    residuals: pd.DataFrame | None
    confusion: pd.DataFrame | None
    calibration: pd.DataFrame | None
    worst: pd.DataFrame
    importance: pd.DataFrame
    base: float
    dependence: Mapping[str, pd.DataFrame]
    dependence_rows: int
    gaps: pd.DataFrame
    gap_map: pd.DataFrame
    shift: TableShift | None
    seconds: float
    shortcuts: tuple[Shortcut, ...] = ()

    @property
    def n_rows(self) -> int:
        """Rows that the model was fitted on."""
        return len(self.model.out_of_fold)

    @property
    def is_classes(self) -> bool:
        """Whether classes are predicted."""
        return self.model.task == "classification"


def explain(
    model: TableModel,
    train: pd.DataFrame,
    test: pd.DataFrame | None = None,
    *,
    seconds: float = 30.0,
    n_worst: int = 12,
    n_dependent: int = 5,
    seed: int = 0,
    clock: Callable[[], float] = time.perf_counter,
) -> Explanation:
    """Compute what a report on a model shows, in about the time given.

    Rows are left out where the time is not enough, and after them columns, those that weigh least
    in the model first; the frames say how many rows were used, `shortcuts` how many columns.

    Args:
        model: from `fit_table`.
        train: the rows it was fitted on, in the same order, as the schema says.
        test: rows to be told from these.
        seconds: about as long as this may take.
        n_worst: rows with the largest errors.
        n_dependent: columns whose partial dependence is computed, the most important ones.
        seed: draws shuffles, folds and rows.
        clock: seconds that only grow.

    Raises:
        ConfigError: another number of rows than the model has predictions out of fold.
    """
    if len(train) != len(model.out_of_fold):
        raise ConfigError(
            f"train: expected the {len(model.out_of_fold)} rows the model was fitted on; "
            f"got {len(train)}"
        )
    start = clock()
    schema: Schema = model.schema
    is_classes = model.task == "classification"
    logarithmic = Scoring(model.metric, "given").logarithmic
    truth = _truth(model, train)
    # Of a mixture whose weights were chosen without the row's fold: what the score judges.
    out_of_fold = np.asarray(model.cv.out_of_fold, np.float64)
    loss = loss_of(model.metric)
    shortcuts: list[Shortcut] = []
    # What no model looks at changes no prediction; the heaviest come first where time is short.
    weights = weigh_columns(model)
    usable = schema.usable
    heaviest = sorted(usable, key=lambda name: -weights.get(name, 0.0))
    shown = train[[name for name in usable if name in weights]]

    def predict(frame: pd.DataFrame, rows: Rows) -> Array:
        return model.predict_held_out(frame, model.fold_index[rows], conformed=True)

    # The first prediction loads what the others find loaded: no time is planned by it.
    few = min(len(train), _PILOT_ROWS)
    predict(shown.iloc[:few], np.arange(few))
    asked = clock()
    predict(shown.iloc[:few], np.arange(few))
    per_row = (clock() - asked) / few
    residuals = confusion = calibration = None
    if is_classes:
        confusion, calibration = classified_tables(truth, out_of_fold, model.classes)
        worst = worst_classified(truth, out_of_fold, model.classes, n_worst)
    else:
        residuals = residual_table(truth, out_of_fold, model.fold_index, logarithmic=logarithmic)
        worst = worst_numbers(residuals, n_worst)
    sought = heaviest[:_MOST_UNUSUAL]
    if len(sought) < len(usable):
        shortcuts.append(Shortcut("unusual", {"n": len(sought), "all": len(usable)}))
    gaps = missing_table(_features(train, schema), None if test is None else test)
    where = missing_map(_features(train, schema))
    shift = None
    if test is not None:
        classes = truth if is_classes else None
        shift, short = shift_in_time(
            train, test, schema, _SHIFT * seconds, seed, clock, classes=classes
        )
        shortcuts += short
    ordered = usable if len(usable) <= _FEW_COLUMNS else heaviest
    importance = importance_in_time(
        predict, shown, truth, loss, ordered, _IMPORTANCE * seconds, seed, clock, per_row
    )
    if len(importance) < len(usable):
        shortcuts.append(Shortcut("importance", {"n": len(importance), "all": len(usable)}))
    chosen = [str(name) for name in importance.loc[importance["low"] > 0, "column"]]
    wanted = chosen[:n_dependent]
    dependence, n_rows = dependence_in_time(
        predict, shown, schema, wanted, _DEPENDENCE * seconds, seed, clock
    )
    if len(dependence) < len(wanted):
        shortcuts.append(Shortcut("dependence", {"n": len(dependence), "all": len(wanted)}))
    return Explanation(
        model=model,
        n_test=0 if test is None else len(test),
        logarithmic=logarithmic,
        residuals=residuals,
        confusion=confusion,
        calibration=calibration,
        worst=with_unusual(worst, train, schema, sought),
        importance=importance,
        base=loss(truth, np.asarray(model.out_of_fold, np.float64)),
        dependence=dependence,
        dependence_rows=n_rows,
        gaps=gaps,
        gap_map=_in_order(where, gaps),
        shift=shift,
        seconds=clock() - start,
        shortcuts=tuple(shortcuts),
    )


def loss_of(metric: str) -> Loss:
    """Return what is smaller the better a model is by a metric; an accuracy becomes an error rate.

    Targets of classes are class ids.

    >>> loss_of("log-rmse")(np.array([1.0, 1.0]), np.array([np.e, 1 / np.e]))
    1.0
    >>> loss_of("accuracy")(np.array([0, 1]), np.array([[0.9, 0.1], [0.6, 0.4]]))
    0.5
    """
    scoring = Scoring(metric, "given")
    if scoring.greater_is_better:
        return lambda target, predicted: 1.0 - scoring.score(target, predicted)
    return scoring.score


def _truth(model: TableModel, train: pd.DataFrame) -> Any:
    """Numbers, or the ids of classes in the order of the probabilities."""
    column = train[model.target]
    if model.task != "classification":
        return column.to_numpy(np.float64)
    at = {label_text(label): i for i, label in enumerate(model.classes)}
    return np.array([at[str(name)] for name in texts_of(column, ())], dtype=np.int64)


def _features(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    names = [column.name for column in schema.features if column.name in frame]
    return frame[names]


def _in_order(where: pd.DataFrame, gaps: pd.DataFrame) -> pd.DataFrame:
    order = {name: i for i, name in enumerate(gaps["column"])}
    places = where["column"].map(order)
    return where.iloc[np.argsort(places.to_numpy(), kind="stable")].reset_index(drop=True)
