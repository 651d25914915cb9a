"""A cross-validated model of a table: what it predicts, how good it is, what was tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.errors import ConfigError, DataError
from mlplab.sheet import Sheet, interval_text, listed
from mlplab.tabular.columns import Schema
from mlplab.tabular.labels import Label, array_of_labels
from mlplab.tabular.model_inputs import features_of
from mlplab.tabular.model_note import (
    EncodingNote,
    ModelNote,
    ScoresNote,
    plain_cells,
    write_model_file,
)
from mlplab.tabular.scoring import TaskKind
from mlplab.tabular.shortcuts import Shortcut
from mlplab.tabular.table_members import Encoding, Part, Tensors

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class CrossValidation:
    """How good a table model is on rows that it was not trained on.

    Attributes:
        metric: its name.
        why: why this metric.
        score: of all rows together, each mixed by members and weights that were chosen without its
            fold. This is the cross-validated score.
        optimistic: of `out_of_fold`, whose weights have seen all folds; the difference from `score`
            is what choosing them flatters.
        folds: the score of each fold, (K,).
        interval: 95 % of `score` for other rows of the same kind, see `stats.risk_interval`.
        nested: the score of the whole procedure repeated without each fold; None if not asked for.
        out_of_fold: the predictions that `score` judges, as `TableModel.out_of_fold`.
    """

    metric: str
    why: str
    score: float
    optimistic: float
    folds: Array
    interval: tuple[float, float]
    nested: float | None
    out_of_fold: Array

    def __repr__(self) -> str:
        interval = interval_text(self.interval)
        return (
            f"CrossValidation({self.metric} {self.score:.4g} {interval}, {len(self.folds)} folds)"
        )


@dataclass(frozen=True, eq=False, repr=False)
class TableModel:
    """What `fit_table` returns.

    Attributes:
        task: `regression` or `classification`.
        metric: by which it was chosen.
        target: name of the column.
        schema: what the columns are.
        classes: the classes as the frame has them (booleans, whole numbers, texts), in the order of
            probabilities; empty for numbers.
        n_folds: number of folds, K.
        fold_index: the fold that held out each training row, (N,).
        out_of_fold: predictions of the training rows by models that were not trained on them, in
            the units of the target, (N,), or probabilities, (N, C).
        cv: the scores.
        members: `name`, `kind` ("mlp" or "scikit-learn"), `settings`, `score`, `low`, `high`,
            `n_seeds`, `weight`; one row per member of the ensemble.
        tried: the same of all configurations, the best first.
        seconds: that fitting took.
        logarithmic: whether logarithms of the target were learnt.
        bounds: between which predictions lie, as they are learnt.
        encodings, parts, weights: what predicts.
        shortcuts: what was left out for want of time or memory.
        interrupted: whether it is of what had finished when an end was asked for.
    """

    task: TaskKind
    metric: str
    target: str
    schema: Schema
    classes: tuple[Label, ...]
    n_folds: int
    fold_index: npt.NDArray[np.int64]
    out_of_fold: Array
    cv: CrossValidation
    members: pd.DataFrame
    tried: pd.DataFrame
    seconds: float
    logarithmic: bool
    bounds: tuple[float, float]
    encodings: tuple[Encoding, ...]
    parts: tuple[Part, ...]
    weights: Array
    shortcuts: tuple[Shortcut, ...] = ()
    interrupted: bool = False

    def __repr__(self) -> str:
        return (
            f"TableModel({self.target!r}: {self.task}, {self.cv!r}, {len(self.members)} members "
            f"of {len(self.tried)} tried, {self.seconds:.1f} s)"
        )

    def _repr_html_(self) -> str:
        cv, heads = self.cv, ("name", "settings", "score", "n_seeds", "weight")
        facts = {
            f"cross-validated {cv.metric}": cv.score,
            "95 % interval": interval_text(cv.interval),
            "of each fold": tuple(cv.folds.tolist()),
            "why this metric": cv.why,
            "rows": len(self.fold_index),
            "columns": len(self.schema.features),
        }
        if self.classes:
            facts["classes"] = listed(self.classes)
        if self.shortcuts:
            facts["left out"] = "; ".join(map(str, self.shortcuts))
        return Sheet(
            f"Model of {self.target} ({self.task})",
            facts,
            heads=heads,
            rows=self.members[list(heads)].values.tolist(),
            note=f"{len(self.members)} members of {len(self.tried)} tried.",
        ).html()

    def predict(self, frame: pd.DataFrame) -> npt.NDArray[Any]:
        """Return predictions, (N,): numbers in the units of the target, or classes.

        Each member's models of all folds are averaged (bagging over folds), so each was trained on
        all rows but one fold's; logarithms are averaged where logarithms were learnt.

        Args:
            frame: rows with the columns of the schema; the target may be absent.

        Raises:
            DataError: a column is missing, or an entry is not of its column's kind.
        """
        return self._told(self._outputs(features_of(frame, self.schema), range(self.n_folds)))

    def predict_proba(self, frame: pd.DataFrame) -> Array:
        """Return the probability of each class, (N, C), in the order of `classes`.

        Raises:
            ConfigError: the target is numbers.
        """
        if self.task != "classification":
            raise ConfigError("predict_proba: the target is numbers; use predict")
        return self._outputs(features_of(frame, self.schema), range(self.n_folds))

    def predict_held_out(
        self, frame: pd.DataFrame, folds: Any, *, conformed: bool = False
    ) -> Array:
        """Return what each row is predicted by the models of one fold, as `out_of_fold` is.

        Args:
            frame: rows, (N, ...).
            folds: the fold whose models predict each row, (N,), such as
                `model.fold_index[rows]` for training rows that were changed.
            conformed: the frame is as the schema says, and need not be looked through.

        Returns:
            Numbers in the units of the target (N,), or probabilities (N, C).
        """
        features = frame if conformed else features_of(frame, self.schema)
        which = np.asarray(folds, dtype=np.int64)
        if which.shape != (len(frame),):
            raise DataError(f"folds: expected {len(frame)}, one per row; got {which.shape}")
        out = np.empty((len(frame), len(self.classes)) if self.classes else len(frame))
        for fold in np.unique(which):
            rows = np.flatnonzero(which == fold)
            outputs = self._outputs(features.iloc[rows], [int(fold)])
            out[rows] = outputs if self.classes else self._told(outputs)
        return out

    def save(self, path: str | Path) -> None:
        """Write the model to one file: safetensors and JSON in a zip; it appears whole or not."""
        cv = self.cv
        tensors: Tensors = {
            "fold_index": self.fold_index,
            "out_of_fold": self.out_of_fold,
            "cv.out_of_fold": cv.out_of_fold,
            "weights": self.weights,
        }
        for place, encoding in enumerate(self.encodings):
            tensors[f"encodings.{place}.means"] = encoding.means
            tensors[f"encodings.{place}.deviations"] = encoding.deviations
        parts = []
        for place, part in enumerate(self.parts):
            said, own = part.note()
            parts.append({**said, "part": part.kind})
            tensors |= {f"parts.{place}.{name}": one for name, one in own.items()}
        note = ModelNote(
            format="mlplab-table-model-1",
            task=self.task,
            target=self.target,
            table_schema=self.schema,
            classes=self.classes,
            n_folds=self.n_folds,
            cv=ScoresNote(
                metric=cv.metric,
                why=cv.why,
                score=cv.score,
                optimistic=cv.optimistic,
                folds=cv.folds.tolist(),
                interval=cv.interval,
                nested=cv.nested,
            ),
            members=plain_cells(self.members),
            tried=plain_cells(self.tried),
            seconds=self.seconds,
            logarithmic=self.logarithmic,
            bounds=self.bounds,
            encodings=[EncodingNote(encoders=e.encoders, width=e.width) for e in self.encodings],
            parts=parts,
            shortcuts=[(one.key, dict(one.values)) for one in self.shortcuts],
            interrupted=self.interrupted,
        )
        write_model_file(Path(path), note, tensors)

    def _outputs(self, features: pd.DataFrame, folds: Sequence[int]) -> Array:
        total: Any = 0.0
        for fold in folds:
            seen: dict[int, Array] = {}
            for part, weight in zip(self.parts, self.weights, strict=True):
                encoding = self.encodings[part.encoding]
                # Members share encodings: inputs are made once for each, of each fold.
                if part.encoding not in seen:
                    seen[part.encoding] = encoding.inputs(fold, features)
                mean, deviation = float(encoding.means[fold]), float(encoding.deviations[fold])
                inputs = seen[part.encoding]
                said = part.outputs(fold, inputs, len(self.classes), mean, deviation)
                total = total + weight * said / len(folds)
        return np.asarray(total)

    def _told(self, outputs: Array) -> npt.NDArray[Any]:
        """Turn what was learnt into numbers in their units, or classes."""
        if self.classes:
            return np.asarray(array_of_labels(self.classes)[outputs.argmax(axis=1)])
        return in_units(outputs, self.bounds, logarithmic=self.logarithmic)


def in_units(outputs: Array, bounds: tuple[float, float], *, logarithmic: bool) -> Array:
    """Turn numbers as they were learnt into the units of the target, inside bounds."""
    inside = np.clip(outputs, *bounds)
    return np.asarray(np.exp(inside) if logarithmic else inside)
