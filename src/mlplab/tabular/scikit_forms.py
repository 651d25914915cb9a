"""What is kept of fitted scikit-learn models: arrays that predict by themselves, no pickles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from mlplab.errors import DataError

Array = npt.NDArray[np.float64]
Tensors = dict[str, npt.NDArray[Any]]
# Of a tree in a file: one that points back at itself would be walked for ever.
_MOST_DEPTH = 64
# 2,048 rows by 300 trees of places are 5 MB, however long the table.
_ROWS_AT_ONCE = 2048


class Form(Protocol):
    """A fitted model as arrays."""

    names: ClassVar[tuple[str, ...]]

    def raw(self, inputs: npt.NDArray[np.float32]) -> Array:
        """Return numbers or scores of classes, (N, O)."""

    def check(self, width: int, n_outputs: int) -> None:
        """Refuse arrays that do not fit together."""


@dataclass(frozen=True, eq=False)
class LinearForm:
    """Scores are x W + b; W (F, O), b (O,)."""

    weight: Array
    bias: Array
    names: ClassVar[tuple[str, ...]] = ("weight", "bias")

    @classmethod
    def of(cls, model: Any) -> LinearForm:
        """Take a Ridge or a LogisticRegression."""
        weight = np.atleast_2d(np.asarray(model.coef_, dtype=np.float64)).T
        return cls(np.ascontiguousarray(weight), np.atleast_1d(np.float64(model.intercept_)))

    def raw(self, inputs: npt.NDArray[np.float32]) -> Array:
        """See `Form`."""
        return np.asarray(inputs.astype(np.float64) @ self.weight + self.bias)

    def check(self, width: int, n_outputs: int) -> None:
        """See `Form`."""
        if self.weight.shape != (width, n_outputs) or self.bias.shape != (n_outputs,):
            raise DataError(f"linear: expected weights {(width, n_outputs)}")


@dataclass(frozen=True, eq=False)
class KernelForm:
    """Numbers are sum_j a_j exp(-gamma |x - s_j|^2) + b, of a support vector regression."""

    support: npt.NDArray[np.float32]
    dual: Array
    bias: Array
    gamma: Array
    names: ClassVar[tuple[str, ...]] = ("support", "dual", "bias", "gamma")

    @classmethod
    def of(cls, model: Any) -> KernelForm:
        """Take an SVR with an RBF kernel."""
        return cls(
            np.ascontiguousarray(model.support_vectors_, np.float32),
            np.ascontiguousarray(model.dual_coef_[0], np.float64),
            np.atleast_1d(np.float64(model.intercept_[0])),
            np.atleast_1d(np.float64(model.gamma)),
        )

    def raw(self, inputs: npt.NDArray[np.float32]) -> Array:
        """See `Form`."""
        support = self.support.astype(np.float64)
        squares = (support**2).sum(axis=1)
        parts = []
        for first in range(0, max(1, len(inputs)), _ROWS_AT_ONCE):
            x = inputs[first : first + _ROWS_AT_ONCE].astype(np.float64)
            # Distances by one product; rounding may leave them a little below 0.
            far = (x**2).sum(axis=1)[:, None] + squares - 2 * x @ support.T
            parts.append(np.exp(-self.gamma * np.maximum(far, 0.0)) @ self.dual + self.bias)
        return np.asarray(np.concatenate(parts)[:, None])

    def check(self, width: int, n_outputs: int) -> None:
        """See `Form`."""
        if self.support.ndim != 2 or self.support.shape[1] != width or n_outputs != 1:
            raise DataError(f"kernel: expected support vectors (S, {width})")
        if self.dual.shape != self.support.shape[:1] or self.bias.shape != (1,):
            raise DataError("kernel: expected a coefficient per support vector")
        if self.gamma.shape != (1,):
            raise DataError("kernel: expected one gamma")


@dataclass(frozen=True, eq=False)
class TreesForm:
    """Scores are a base plus the leaves that a row falls into, one per tree.

    Attributes:
        feature: of each node, (M,); -1 at leaves.
        threshold: a row goes left where its feature is at most this, (M,).
        left, right: the next nodes, (M,), later ones than the node itself.
        value: of leaves, (M,).
        roots: first node of each tree, (T,).
        outputs: the output that a tree adds to, (T,).
        base: (O,).
    """

    feature: npt.NDArray[np.int64]
    threshold: Array
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    value: Array
    roots: npt.NDArray[np.int64]
    outputs: npt.NDArray[np.int64]
    base: Array
    names: ClassVar[tuple[str, ...]] = (
        "feature",
        "threshold",
        "left",
        "right",
        "value",
        "roots",
        "outputs",
        "base",
    )

    @classmethod
    def of(cls, model: Any) -> TreesForm:
        """Take a GradientBoosting or HistGradientBoosting model, regressor or classifier."""
        # Private, but the only place of its trees; tests compare with scikit-learn's outputs.
        if hasattr(model, "_predictors"):
            base = np.asarray(model._baseline_prediction, dtype=np.float64).ravel()
            trees = [
                (place, _histogram_nodes(one.nodes))
                for stage in model._predictors
                for place, one in enumerate(stage)
            ]
            return cls._joined(trees, base)
        stages = model.estimators_
        # The first guess does not depend on the row: any row asks for it.
        nothing = np.zeros((1, model.n_features_in_), dtype=np.float32)
        base = np.asarray(model._raw_predict_init(nothing), dtype=np.float64)[0]
        trees = [
            (place, _tree_nodes(stages[stage, place].tree_, model.learning_rate))
            for stage in range(len(stages))
            for place in range(stages.shape[1])
        ]
        return cls._joined(trees, base)

    @classmethod
    def _joined(cls, trees: list[tuple[int, tuple[Any, ...]]], base: Array) -> TreesForm:
        sizes = np.array([len(nodes[0]) for _, nodes in trees], dtype=np.int64)
        roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        columns = list(zip(*(nodes for _, nodes in trees), strict=True))
        feature, threshold, left, right, value = (np.concatenate(one) for one in columns)
        shift = np.repeat(roots, sizes)
        outputs = np.array([place for place, _ in trees], dtype=np.int64)
        inner = feature >= 0
        return cls(
            feature.astype(np.int64),
            np.where(inner, np.nan_to_num(threshold), 0.0),
            np.where(inner, left + shift, 0).astype(np.int64),
            np.where(inner, right + shift, 0).astype(np.int64),
            value.astype(np.float64),
            roots,
            outputs,
            base,
        )

    def raw(self, inputs: npt.NDArray[np.float32]) -> Array:
        """See `Form`."""
        out = np.tile(self.base, (len(inputs), 1))
        adds = np.zeros((len(self.roots), len(self.base)))
        adds[np.arange(len(self.roots)), self.outputs] = 1.0
        for first in range(0, len(inputs), _ROWS_AT_ONCE):
            x = inputs[first : first + _ROWS_AT_ONCE]
            rows = np.arange(len(x))[:, None]
            node = np.tile(self.roots, (len(x), 1))
            # A level at a time, in numpy: importing scikit-learn takes over a second.
            for _ in range(_MOST_DEPTH):
                feature = self.feature[node]
                inner = feature >= 0
                if not inner.any():
                    break
                goes_left = x[rows, np.maximum(feature, 0)] <= self.threshold[node]
                below = np.where(goes_left, self.left[node], self.right[node])
                node = np.where(inner, below, node)
            out[first : first + len(x)] += self.value[node] @ adds
        return out

    def check(self, width: int, n_outputs: int) -> None:
        """See `Form`."""
        n = len(self.feature)
        wanted: tuple[tuple[str, int], ...] = (
            ("feature", n), ("threshold", n), ("left", n), ("right", n), ("value", n),
            ("outputs", len(self.roots)), ("base", n_outputs),
        )  # fmt: skip
        if any(getattr(self, name).shape != (size,) for name, size in wanted):
            raise DataError("trees: arrays of sizes that do not fit together")
        whole = (self.feature, self.left, self.right, self.roots, self.outputs)
        if any(one.dtype != np.int64 for one in whole):
            raise DataError("trees: expected whole numbers")
        inner = self.feature >= 0
        # Children come later: no file can make a walk go round in circles.
        later = np.minimum(self.left, self.right)[inner] > np.flatnonzero(inner)
        inside = np.maximum(self.left, self.right)[inner] < n
        if self.feature.max(initial=-1) >= width or not later.all() or not inside.all():
            raise DataError("trees: a node that leads nowhere")
        for places, most in ((self.roots, n), (self.outputs, n_outputs)):
            if not len(places) or places.min() < 0 or places.max() >= most:
                raise DataError("trees: a root or output that is not there")


FORMS: dict[str, type[LinearForm] | type[KernelForm] | type[TreesForm]] = {
    "linear": LinearForm,
    "kernel": KernelForm,
    "trees": TreesForm,
}


def _tree_nodes(tree: Any, rate: float) -> tuple[Any, ...]:
    value = tree.value[:, 0, 0] * rate
    feature = np.where(tree.children_left >= 0, tree.feature, -1)
    return feature, tree.threshold, tree.children_left, tree.children_right, value


def _histogram_nodes(nodes: Any) -> tuple[Any, ...]:
    leaf = nodes["is_leaf"].astype(bool)
    feature = np.where(leaf, -1, nodes["feature_idx"].astype(np.int64))
    left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
    return feature, nodes["num_threshold"], left, right, nodes["value"]
