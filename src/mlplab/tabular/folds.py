"""Arrays for each fold: prepared by what its own training rows say, and by nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from mlplab.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class PreparedFold:
    """The numbers of one fold.

    Attributes:
        train: features of the training rows, (N_train, F); F may differ from fold to fold.
        held: features of the held-out rows, (N_held, F).
        train_rows: the training rows in the frame.
        held_rows: the held-out rows in the frame.
        names: of the features.
        fitted: the preparer fitted on the training rows, for further frames.
    """

    train: Array
    held: Array
    train_rows: Rows
    held_rows: Rows
    names: tuple[str, ...]
    fitted: Any


def prepare_folds(
    preparer: Any, frame: pd.DataFrame, y: Any, folds: Iterable[tuple[Any, Any]]
) -> Iterator[PreparedFold]:
    """Fit a fresh copy of a preparer on the training rows of each fold, and apply it to both parts.

    For models that take arrays; with scikit-learn models, a Pipeline does the same.

    Args:
        preparer: an unfitted pipeline from `preparer(...)`; it is cloned.
        frame: all rows.
        y: one target per row, (N,); only those of training rows are shown to the preparer.
        folds: pairs of training and held-out rows, such as `KFold(5).split(frame)`; none may be
            held out, as for the model that is kept.

    Raises:
        DataError: a row is in both parts of a fold, or the targets do not fit the frame.

    >>> import pandas as pd
    >>> from mlplab.tabular import infer_schema, preparer
    >>> frame = pd.DataFrame({"area": [1.0, 3.0, 100.0]})
    >>> steps = preparer(infer_schema(frame))
    >>> fold = next(prepare_folds(steps, frame, [0, 0, 0], [([0, 1], [2])]))
    >>> fold.train.ravel().tolist(), fold.held.ravel().tolist()
    ([-1.0, 1.0], [98.0])
    """
    targets = np.asarray(y)
    if len(targets) != len(frame):
        raise DataError(
            f"y: expected {len(frame)} targets as the frame has rows; got {len(targets)}"
        )
    for number, (train, held) in enumerate(folds):
        train_rows, held_rows = np.asarray(train, np.int64), np.asarray(held, np.int64)
        both = np.intersect1d(train_rows, held_rows)
        if len(both):
            raise DataError(
                f"fold {number}: expected training and held-out rows apart; "
                f"row {int(both[0])} is in both"
            )
        fitted = clone(preparer)
        prepared = fitted.fit_transform(frame.iloc[train_rows], targets[train_rows])
        train = np.asarray(prepared, dtype=np.float64)
        held = np.empty((0, train.shape[1]))
        if len(held_rows):
            held = np.asarray(fitted.transform(frame.iloc[held_rows]), dtype=np.float64)
        yield PreparedFold(
            train=train,
            held=held,
            train_rows=train_rows,
            held_rows=held_rows,
            names=tuple(str(name) for name in fitted.get_feature_names_out()),
            fitted=fitted,
        )
