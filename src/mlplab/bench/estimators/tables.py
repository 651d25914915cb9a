"""The tables that estimators are compared on: what scikit-learn ships, and the house prices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from mlplab.errors import DataError

Kind = Literal["regression", "classification"]
TEST_SHARE = 0.25


@dataclass(frozen=True, eq=False, slots=True)
class Dataset:
    """Rows with targets.

    Attributes:
        inputs: numbers (N, I), or a pandas frame that `preparer` turns into numbers.
        targets: (N,).
        preparer: makes an unfitted transformer, fitted on the training rows of every split and
            given to every model alike; None where inputs are numbers already.
    """

    name: str
    kind: Kind
    inputs: Any
    targets: NDArray[Any]
    preparer: Callable[[], Any] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Split:
    """One drawing of training and test rows, as numbers."""

    number: int
    train: NDArray[Any]
    train_targets: NDArray[Any]
    test: NDArray[Any]
    test_targets: NDArray[Any]


def shipped_tables() -> tuple[Dataset, ...]:
    """Return the tables that need no file: they ship with scikit-learn."""
    loaders: tuple[tuple[str, Kind, Callable[..., Any]], ...] = (
        ("diabetes", "regression", load_diabetes),
        ("breast cancer", "classification", load_breast_cancer),
        ("wine", "classification", load_wine),
        ("digits", "classification", load_digits),
    )
    return tuple(Dataset(name, kind, *load(return_X_y=True)) for name, kind, load in loaders)


def house_prices() -> Dataset | None:
    """Return the whole table of house prices with log prices; None where its files are missing."""
    from mlplab.data.house_prices import TARGET, load_frames
    from mlplab.tabular import infer_schema, preparer

    try:
        frame, _ = load_frames(offline=True)
    except DataError:
        return None
    prices = np.log(frame[TARGET].to_numpy(float))
    frame = frame.drop(columns=TARGET)
    schema = infer_schema(frame)
    return Dataset("house prices", "regression", frame, prices, lambda: preparer(schema))


def all_tables() -> tuple[Dataset, ...]:
    """Return every table that is there, the house prices second."""
    first, *rest = shipped_tables()
    houses = house_prices()
    return (first, *((houses,) if houses else ()), *rest)


def splits(table: Dataset, n_splits: int, seed: int = 0) -> Iterator[Split]:
    """Draw training and test rows again and again; classes keep their shares.

    Args:
        table: whose rows.
        n_splits: how often.
        seed: decides all of them.
    """
    kind = StratifiedShuffleSplit if table.kind == "classification" else ShuffleSplit
    drawn = kind(n_splits, test_size=TEST_SHARE, random_state=seed)
    y = table.targets
    for number, (train, test) in enumerate(drawn.split(np.zeros(len(y)), y)):
        parts = [_rows(table.inputs, rows) for rows in (train, test)]
        if table.preparer is not None:
            steps = table.preparer().fit(parts[0], y[train])
            parts = [np.asarray(steps.transform(part), dtype=np.float64) for part in parts]
        yield Split(number, parts[0], y[train], parts[1], y[test])


def _rows(inputs: Any, rows: NDArray[Any]) -> Any:
    return inputs.iloc[rows] if hasattr(inputs, "iloc") else inputs[rows]
