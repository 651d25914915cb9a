"""What a table model does, in numbers for a page, within a stated time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
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
from mlplab.tabular.shortcuts import Shortcut
from mlplab.tabular.used_columns import weigh_columns

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.tabular.table_model import TableModel

Array = npt.NDArray[np.float64]

_USABLE = ("number", "category", "date")
# Of the time: telling the tables apart, importance, dependence.
_APART, _IMPORTANCE, _DEPENDENCE = 0.25, 0.45, 0.25
_FEW_COLUMNS, _MOST_UNUSUAL = 16, 200
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
        shortcuts: what was left out for want of time.
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
    shortcuts: tuple[Shortcut, ...] = ()


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
    usable = [column.name for column in schema.features if column.kind in _USABLE]
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
        confusion, calibration = _classified(truth, out_of_fold, model.classes)
        worst = _worst_classified(truth, out_of_fold, model.classes, n_worst)
    else:
        residuals = residual_table(truth, out_of_fold, model.fold_index, logarithmic=logarithmic)
        worst = _worst_numbers(residuals, n_worst)
    sought = heaviest[:_MOST_UNUSUAL]
    if len(sought) < len(usable):
        shortcuts.append(Shortcut("unusual", {"n": len(sought), "all": len(usable)}))
    worst = _told(worst, train, schema, sought)
    gaps = missing_table(_features(train, schema), None if test is None else test)
    where = missing_map(_features(train, schema))
    apart, apart_rows = None, 0
    if test is not None:
        apart, apart_rows, short = _apart(train, test, schema, _APART * seconds, seed, clock)
        shortcuts += short
    ordered = usable if len(usable) <= _FEW_COLUMNS else heaviest
    importance = _importance(
        predict, shown, truth, loss, ordered, _IMPORTANCE * seconds, seed, clock, per_row
    )
    if len(importance) < len(usable):
        shortcuts.append(Shortcut("importance", {"n": len(importance), "all": len(usable)}))
    chosen = [str(name) for name in importance.loc[importance["low"] > 0, "column"]]
    wanted = chosen[:n_dependent]
    dependence, n_rows = _dependence(
        predict, shown, schema, wanted, _DEPENDENCE * seconds, seed, clock
    )
    if len(dependence) < len(wanted):
        shortcuts.append(Shortcut("dependence", {"n": len(dependence), "all": len(wanted)}))
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


def _told(
    worst: pd.DataFrame, train: pd.DataFrame, schema: Schema, sought: list[str]
) -> pd.DataFrame:
    """Add ids and what is unusual to the worst rows."""
    names = set(sought)
    some = Schema(columns=tuple(c for c in schema.features if c.name in names))
    told = [
        "; ".join(f"{name} {entry} ({100 * share:.2g} %)" for name, entry, share in one)
        for one in unusual_values(train, some, worst["row"])
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
    clock: Callable[[], float],
    per_row: float,
) -> pd.DataFrame:
    """Measure all columns; where time asked for fewer rows, the foremost again on more of them.

    A column that no model looks at is not predicted with: its rise is 0.
    """
    import pandas as pd

    start = clock()
    n_rows = len(train)
    affordable = max(_PILOT_ROWS, int(_FIRST * seconds / 2 / max(per_row, 1e-9)))
    most = min(_MOST_ROWS, affordable)
    kept = np.sort(np.random.default_rng(seed).permutation(n_rows)[:most])
    train, truth = train.iloc[kept], truth[kept]
    measured = [name for name in columns if name in train]

    def of_kept(frame: pd.DataFrame, rows: Rows) -> Array:
        return predict(frame, kept[rows])

    first = permutation_importance(
        of_kept,
        train,
        truth,
        loss,
        columns=measured,
        seconds=_FIRST * seconds,
        seed=seed,
        clock=clock,
    )
    silent = [name for name in columns if name not in train]
    if silent and measured:
        zero = {"rise": 0.0, "low": 0.0, "high": 0.0}
        rest = pd.DataFrame({"column": silent, **zero}).assign(
            n_repeats=first["n_repeats"].iloc[0], n_rows=first["n_rows"].iloc[0]
        )
        first = pd.concat([first, rest]).sort_values(
            "rise", ascending=False, kind="stable", ignore_index=True
        )
    took = clock() - start
    left = seconds - took
    done = not measured or first["n_rows"].iloc[0] == len(train)
    if done or left < _LEAST * seconds:
        return first
    # Many rows in a call cost less each than the few by which time was planned.
    faster = min(max(1.0, _FIRST * seconds / took), _MOST_FASTER)
    foremost = [str(name) for name in first["column"].head(_FOREMOST) if name in train]
    again = permutation_importance(
        of_kept,
        train,
        truth,
        loss,
        columns=foremost,
        seconds=left * faster,
        seed=seed + 1,
        clock=clock,
    )
    both = pd.concat([again, first[~first["column"].isin(again["column"])]])
    return both.sort_values("rise", ascending=False, kind="stable", ignore_index=True)


def _apart(
    train: pd.DataFrame,
    test: pd.DataFrame,
    schema: Schema,
    seconds: float,
    seed: int,
    clock: Callable[[], float],
) -> tuple[ToldApart | None, int, list[Shortcut]]:
    """Tell the tables apart with as many rows as the time allows, found by first small tries.

    Where columns are many, the first try is with few of them, and says how many there is time for.
    """
    fewest = min(len(train), len(test))
    if fewest < 10:
        return None, 0, []
    names = [column.name for column in schema.features if column.kind in _USABLE]
    order = np.random.default_rng(seed).permutation(len(names))

    def told(n: int, n_columns: int) -> ToldApart:
        kept = {names[i] for i in order[:n_columns]} if n_columns < len(names) else set(names)
        some = Schema(columns=tuple(c for c in schema.features if c.name in kept))
        columns = [column.name for column in some.columns]
        parts = [
            part[columns].sample(min(n, len(part)), random_state=seed) for part in (train, test)
        ]
        return tell_tables_apart(parts[0], parts[1], some, seed=seed)

    small, n_columns = min(_PILOT_ROWS, fewest), len(names)
    start = clock()
    if n_columns > 2 * _FEW_COLUMNS:
        found = told(small, _FEW_COLUMNS)
        per_column = max(clock() - start, 1e-3) / _FEW_COLUMNS
        n_columns = min(n_columns, max(_FEW_COLUMNS, int(seconds / 4 / per_column)))
    found = told(small, n_columns)
    took = max(clock() - start, 1e-3)
    left_out = n_columns < len(names)
    short = [Shortcut("apart", {"n": n_columns, "all": len(names)})] if left_out else []
    affordable = int(small * (seconds - took) / took)
    n = min(affordable, _MOST_APART, max(len(train), len(test)))
    if n > 1.5 * small:
        return told(n, n_columns), min(n, fewest), short
    return found, small, short


def _dependence(
    predict: Predict,
    train: pd.DataFrame,
    schema: Schema,
    columns: list[str],
    seconds: float,
    seed: int,
    clock: Callable[[], float],
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

    start = clock()
    fewest = min(len(train), _FEWEST_DEPENDENT)
    first = follow(columns[0], fewest)
    took = max(clock() - start, 1e-3)
    affordable = int(fewest * (seconds - took) / (took * len(columns)))
    n = min(len(train), _MOST_DEPENDENT, max(fewest, affordable))
    followed = {columns[0]: first} if n == fewest else {}
    longest = took
    for name in columns:
        turn = clock()
        if name in followed:
            continue
        if followed and turn - start + longest > seconds:
            break
        followed[name] = follow(name, n)
        longest = max(longest, clock() - turn)
    return followed, n
