"""What a table model does, in numbers for a page, within a stated time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.errors import ConfigError
from mlplab.tabular.adversarial import ToldApart, tell_tables_apart
from mlplab.tabular.classified import calibration_table, confusion_table
from mlplab.tabular.columns import Schema
from mlplab.tabular.dependence import partial_dependence
from mlplab.tabular.facts import missing_map, missing_table
from mlplab.tabular.importance import Loss, Predict, Rows, permutation_importance
from mlplab.tabular.infer import texts_of
from mlplab.tabular.labels import label_text
from mlplab.tabular.residuals import residual_table, unusual_values, worst_rows
from mlplab.tabular.scoring import Scoring

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.tabular.table_model import TableModel

Array = npt.NDArray[np.float64]

_USABLE = ("number", "category", "date")
# Of the time: telling the tables apart, importance, dependence.
_APART, _IMPORTANCE, _DEPENDENCE = 0.25, 0.45, 0.25
# Of the time for importance: all columns; what must be left for measuring the foremost again.
_FIRST, _LEAST, _FOREMOST, _MOST_FASTER = 0.4, 0.2, 20, 3.0
_PILOT_ROWS, _MOST_ROWS = 120, 5000
_MOST_APART, _FEWEST_DEPENDENT, _MOST_DEPENDENT = 2000, 60, 500
_POINTS = 16
_TINY = 1e-15


@dataclass(frozen=True, eq=False, slots=True)
class Explanation:
    """Numbers about a model, all of them of rows that the models asked were not trained on.

    Attributes:
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
        apart: how well the test rows can be told from the training rows; None without a test table.
        apart_rows: rows per table that this was found with.
        seconds: that all this took.
    """

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
    apart: ToldApart | None
    apart_rows: int
    seconds: float


def explain(
    model: TableModel,
    train: pd.DataFrame,
    test: pd.DataFrame | None = None,
    *,
    seconds: float = 30.0,
    n_worst: int = 12,
    n_dependent: int = 5,
    seed: int = 0,
) -> Explanation:
    """Compute what a report on a model shows, in about the time given.

    Rows are left out where the time is not enough; the frames say how many were used.

    Args:
        model: from `fit_table`.
        train: the rows it was fitted on, in the same order, as the schema says.
        test: rows to be told from these.
        seconds: about as long as this may take.
        n_worst: rows with the largest errors.
        n_dependent: columns whose partial dependence is computed, the most important ones.
        seed: draws shuffles, folds and rows.

    Raises:
        ConfigError: another number of rows than the model has predictions out of fold.
    """
    if len(train) != len(model.out_of_fold):
        raise ConfigError(
            f"train: expected the {len(model.out_of_fold)} rows the model was fitted on; "
            f"got {len(train)}"
        )
    start = time.perf_counter()
    schema: Schema = model.schema
    is_classes = model.task == "classification"
    logarithmic = Scoring(model.metric, "given").logarithmic
    truth = _truth(model, train)
    # Of a mixture whose weights were chosen without the row's fold: what the score judges.
    out_of_fold = np.asarray(model.cv.out_of_fold, np.float64)
    loss = loss_of(model.metric)

    def predict(frame: pd.DataFrame, rows: Rows) -> Array:
        return model.predict_held_out(frame, model.fold_index[rows])

    # The first prediction loads what the others find loaded: no time is planned by it.
    few = min(len(train), _PILOT_ROWS)
    predict(train.iloc[:few], np.arange(few))
    residuals = confusion = calibration = None
    if is_classes:
        confusion, calibration = _classified(truth, out_of_fold, model.classes)
        worst = _worst_classified(truth, out_of_fold, model.classes, n_worst)
    else:
        residuals = residual_table(truth, out_of_fold, model.fold_index, logarithmic=logarithmic)
        worst = _worst_numbers(residuals, n_worst)
    worst = _told(worst, train, schema)
    gaps = missing_table(_features(train, schema), None if test is None else test)
    where = missing_map(_features(train, schema))
    apart, apart_rows = None, 0
    if test is not None:
        apart, apart_rows = _apart(train, test, schema, _APART * seconds, seed)
    usable = [column.name for column in schema.features if column.kind in _USABLE]
    importance = _importance(predict, train, truth, loss, usable, _IMPORTANCE * seconds, seed)
    chosen = [str(name) for name in importance.loc[importance["low"] > 0, "column"]]
    dependence, n_rows = _dependence(
        predict, train, schema, chosen[:n_dependent], _DEPENDENCE * seconds, seed
    )
    return Explanation(
        logarithmic=logarithmic,
        residuals=residuals,
        confusion=confusion,
        calibration=calibration,
        worst=worst,
        importance=importance,
        base=loss(truth, np.asarray(model.out_of_fold, np.float64)),
        dependence=dependence,
        dependence_rows=n_rows,
        gaps=gaps,
        gap_map=_in_order(where, gaps),
        apart=apart,
        apart_rows=apart_rows,
        seconds=time.perf_counter() - start,
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


def _classified(truth: Any, given: Array, classes: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = np.array([str(name) for name in classes], object)
    known = np.flatnonzero(np.isfinite(given).all(axis=1))
    truth, given = truth[known], given[known]
    found = given.argmax(axis=1)
    confusion = confusion_table(names[truth], names[found], list(names))
    # Of two classes, the second one's probability says all.
    two = len(names) == 2
    hit = truth == 1 if two else truth == found
    probability = given[:, 1] if two else given.max(axis=1)
    return confusion, calibration_table(hit, np.clip(probability, 0.0, 1.0))


def _worst_numbers(residuals: pd.DataFrame, n: int) -> pd.DataFrame:
    places = worst_rows(residuals["residual"], n)
    return residuals.iloc[places][["row", "target", "predicted", "residual"]].reset_index(drop=True)


def _worst_classified(truth: Any, given: Array, classes: Any, n: int) -> pd.DataFrame:
    import pandas as pd

    names = np.array([str(name) for name in classes], object)
    own = given[np.arange(len(truth)), truth]
    rows = worst_rows(-np.log(np.maximum(own, _TINY)), n)
    found = given.argmax(axis=1)
    wrong = rows[found[rows] != truth[rows]]
    return pd.DataFrame(
        {
            "row": wrong,
            "target": names[truth[wrong]],
            "predicted": names[found[wrong]],
            "probability": own[wrong],
        }
    )


def _told(worst: pd.DataFrame, train: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Add ids and what is unusual to the worst rows."""
    told = [
        "; ".join(f"{name} {entry} ({100 * share:.2g} %)" for name, entry, share in one)
        for one in unusual_values(train, schema, worst["row"])
    ]
    out = worst.assign(unusual=told)
    name = schema.row_id()
    if name is not None:
        out.insert(1, name, train[name].iloc[worst["row"]].to_numpy())
    return out


def _in_order(where: pd.DataFrame, gaps: pd.DataFrame) -> pd.DataFrame:
    order = {name: i for i, name in enumerate(gaps["column"])}
    places = where["column"].map(order)
    return where.iloc[np.argsort(places.to_numpy(), kind="stable")].reset_index(drop=True)


def _importance(
    predict: Predict,
    train: pd.DataFrame,
    truth: Any,
    loss: Loss,
    columns: list[str],
    seconds: float,
    seed: int,
) -> pd.DataFrame:
    """Measure all columns; where time asked for fewer rows, the foremost again on more of them."""
    import pandas as pd

    start = time.perf_counter()
    kept = np.sort(np.random.default_rng(seed).permutation(len(train))[:_MOST_ROWS])
    train, truth = train.iloc[kept], truth[kept]

    def of_kept(frame: pd.DataFrame, rows: Rows) -> Array:
        return predict(frame, kept[rows])

    first = permutation_importance(
        of_kept, train, truth, loss, columns=columns, seconds=_FIRST * seconds, seed=seed
    )
    took = time.perf_counter() - start
    left = seconds - took
    if not columns or first["n_rows"].iloc[0] == len(train) or left < _LEAST * seconds:
        return first
    # Many rows in a call cost less each than the few by which time was planned.
    faster = min(max(1.0, _FIRST * seconds / took), _MOST_FASTER)
    again = permutation_importance(
        of_kept,
        train,
        truth,
        loss,
        columns=[str(name) for name in first["column"].head(_FOREMOST)],
        seconds=left * faster,
        seed=seed + 1,
    )
    both = pd.concat([again, first.iloc[_FOREMOST:]])
    return both.sort_values("rise", ascending=False, kind="stable", ignore_index=True)


def _apart(
    train: pd.DataFrame, test: pd.DataFrame, schema: Schema, seconds: float, seed: int
) -> tuple[ToldApart | None, int]:
    """Tell the tables apart with as many rows as the time allows, found by a first small try."""
    fewest = min(len(train), len(test))
    if fewest < 10:
        return None, 0

    def told(n: int) -> ToldApart:
        parts = [part.sample(min(n, len(part)), random_state=seed) for part in (train, test)]
        return tell_tables_apart(parts[0], parts[1], schema, seed=seed)

    start = time.perf_counter()
    small = min(_PILOT_ROWS, fewest)
    found = told(small)
    took = max(time.perf_counter() - start, 1e-3)
    affordable = int(small * (seconds - took) / took)
    n = min(affordable, _MOST_APART, max(len(train), len(test)))
    return (told(n), min(n, fewest)) if n > 1.5 * small else (found, small)


def _dependence(
    predict: Predict,
    train: pd.DataFrame,
    schema: Schema,
    columns: list[str],
    seconds: float,
    seed: int,
) -> tuple[dict[str, pd.DataFrame], int]:
    """Follow the columns with as many rows as the time allows, found by a first small try."""
    if not columns:
        return {}, 0
    order = np.random.default_rng(seed).permutation(len(train))

    def follow(name: str, n: int) -> pd.DataFrame:
        rows = np.sort(order[:n])
        return partial_dependence(
            lambda frame, places: predict(frame, rows[places]),
            train.iloc[rows],
            schema[name],
            points=_POINTS,
        )

    start = time.perf_counter()
    fewest = min(len(train), _FEWEST_DEPENDENT)
    follow(columns[0], fewest)
    took = max(time.perf_counter() - start, 1e-3)
    affordable = int(fewest * (seconds - took) / (took * len(columns)))
    n = min(len(train), _MOST_DEPENDENT, max(fewest, affordable))
    return {name: follow(name, n) for name in columns}, n
