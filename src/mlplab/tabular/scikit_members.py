"""Members that are no networks of ours: scikit-learn models, for those who ask for a blend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from mlplab.tabular.fit_processes import FitProcesses, Work
from mlplab.tabular.fold_networks import FoldInputs
from mlplab.tabular.model_inputs import Inputs
from mlplab.tabular.scikit_forms import FORMS, Form, KernelForm, LinearForm, TreesForm
from mlplab.tabular.scoring import TaskKind

Array = npt.NDArray[np.float64]
Tensors = dict[str, npt.NDArray[Any]]
_TURNS = 3  # with seeds of their own, see `again`
_FEW_ROWS = 6000  # beyond, what grows with the square of the rows is left out


@dataclass(frozen=True)
class Recipe:
    """A scikit-learn model that may join.

    Attributes:
        words: its settings in words.
        inputs: what it is given.
        make: of a seed, the unfitted model.
        keep: its form of a fitted model.
        turn: how often it stood here before, with other seeds.
    """

    words: str
    inputs: Inputs
    make: Callable[[int], Any]
    keep: Callable[[Any], Form]
    turn: int = 0


@dataclass(frozen=True, eq=False)
class ScikitModels:
    """A scikit-learn model of each fold; see `Networks`.

    Attributes:
        words: the settings in words.
        encoding: place of the encoding among the model's.
        models: one per fold.
    """

    words: str
    encoding: int
    models: tuple[Form, ...]

    @property
    def kind(self) -> str:
        """What the member is."""
        return "scikit-learn"

    @property
    def n_folds(self) -> int:
        """Number of folds, K."""
        return len(self.models)

    def outputs(
        self, fold: int, inputs: Array, n_classes: int, mean: float, deviation: float
    ) -> Array:
        """Return numbers (N,) as they are learnt, or probabilities (N, C), of a fold's model."""
        return form_outputs(self.models[fold], inputs, n_classes, mean, deviation)

    def note(self) -> tuple[dict[str, Any], Tensors]:
        """Return what a file holds of it: JSON values, and arrays by name."""
        (form,) = {name for name, kind in FORMS.items() if isinstance(self.models[0], kind)}
        said = {"words": self.words, "encoding": self.encoding, "form": form}
        return said | {"n_folds": len(self.models)}, {
            f"{fold}.{name}": getattr(one, name)
            for fold, one in enumerate(self.models)
            for name in one.names
        }

    @classmethod
    def restore(cls, said: dict[str, Any], tensors: Tensors) -> ScikitModels:
        """Read what `note` returned."""
        kind = FORMS[said["form"]]
        models = tuple(
            kind(**{name: tensors[f"{fold}.{name}"] for name in kind.names})
            for fold in range(int(said["n_folds"]))
        )
        return cls(str(said["words"]), int(said["encoding"]), models)

    def check(self, width: int, n_classes: int) -> None:
        """Refuse models that do not fit the inputs."""
        for one in self.models:
            one.check(width, 1 if n_classes <= 2 else n_classes)


def form_outputs(
    model: Form, inputs: Array, n_classes: int, mean: float, deviation: float
) -> Array:
    """Return numbers (N,) as they are learnt, or probabilities (N, C)."""
    from scipy.special import softmax

    raw = model.raw(np.ascontiguousarray(inputs, np.float32))
    if not n_classes:
        return np.asarray(raw[:, 0] * deviation + mean)
    if raw.shape[1] == 1:
        raw = np.column_stack([np.zeros(len(raw)), raw[:, 0]])
    return np.asarray(softmax(raw, axis=1))


def recipes(task: TaskKind, n_rows: int, kinds: tuple[Inputs, ...]) -> list[Recipe]:
    """Return the scikit-learn models of a blend.

    Args:
        task: what is predicted.
        n_rows: that a fold trains on.
        kinds: of inputs that networks have too, the most promising first.
    """
    from sklearn.ensemble import (
        GradientBoostingClassifier,
        GradientBoostingRegressor,
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )
    from sklearn.linear_model import LogisticRegression, Ridge

    first, second = kinds[0], kinds[1]
    # trees need neither scales nor a feature per level, and can use targets that lie far out
    bare = Inputs(log_skew=None, scale="standard", levels=False)
    small = n_rows <= _FEW_ROWS
    least = max(1, min(10, n_rows // 50))
    shared = {"subsample": 0.6, "min_samples_leaf": max(1, least // 3)}
    boosted: dict[str, dict[str, Any]] = {
        "1500 trees of depth 3, rate 0.03, a tenth of the features": {
            "n_estimators": 1500,
            "learning_rate": 0.03,
            "max_depth": 3,
            "max_features": 0.1,
        },
        "1200 trees of depth 5, rate 0.02, a sixteenth of the features": {
            "n_estimators": 1200,
            "learning_rate": 0.02,
            "max_depth": 5,
            "max_features": 0.06,
        },
    }
    histogram: dict[str, Any] = {
        "max_iter": 300,
        "learning_rate": 0.04,
        "max_leaf_nodes": 12,
        "l2_regularization": 1.0,
        "min_samples_leaf": least,
        "max_features": 0.2,
    }
    regression = task == "regression"
    out = []
    if small:
        kind = GradientBoostingRegressor if regression else GradientBoostingClassifier
        for words, settings in boosted.items():
            out.append(
                Recipe(
                    f"gradient boosting, {words}, {bare.words}",
                    bare,
                    partial(_seeded, kind, settings | shared),
                    TreesForm.of,
                )
            )
    if small and regression:
        for c, gamma, inputs in ((20.0, 0.08, second), (10.0, 0.03, first)):
            words = f"support vectors, C {c:g}, epsilon 0.05, gamma {gamma:g} over the spread"
            out.append(
                Recipe(
                    f"{words}, {inputs.words}",
                    inputs,
                    partial(_support_vectors, c, gamma),
                    KernelForm.of,
                )
            )
    kind = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    out.append(
        Recipe(
            f"histogram boosting, 300 trees of 12 leaves, rate 0.04, {bare.words}",
            bare,
            partial(_seeded, kind, histogram),
            TreesForm.of,
        )
    )
    linear = (
        Recipe("ridge, 10", first, partial(_unseeded, Ridge, {"alpha": 10.0}), LinearForm.of)
        if regression
        else Recipe(
            "logistic regression, C 0.1",
            first,
            partial(_unseeded, LogisticRegression, {"C": 0.1, "max_iter": 1000}),
            LinearForm.of,
        )
    )
    # Trees that draw rows and features differ from seed to seed; a mean of them errs less.
    again = [
        replace(one, words=f"{one.words}, again with seed {turn}", turn=turn)
        for turn in range(1, _TURNS)
        for one in out
        if one.words.startswith("gradient")
    ]
    return [*out, linear, *again]


def _seeded(kind: Any, settings: dict[str, Any], seed: int) -> Any:
    return kind(random_state=seed, **settings)


def _unseeded(kind: Any, settings: dict[str, Any], seed: int) -> Any:
    return kind(**settings)


def _support_vectors(c: float, gamma: float, seed: int) -> _RBF:
    return _RBF(c, gamma)


class _RBF:
    """A support vector regression whose kernel has a width in units of the rows' spread."""

    def __init__(self, c: float, gamma: float) -> None:
        self._c, self._gamma = c, gamma

    def fit(self, x: Any, y: Any) -> Any:
        """Fit with gamma over the mean squared distance of rows from their mean."""
        from sklearn.svm import SVR

        # As scikit-learn's gamma="scale", but of the whole distance between rows: tables of any
        # width want about the same.
        spread = float(x.var(axis=0).sum()) or 1.0
        return SVR(C=self._c, epsilon=0.05, gamma=self._gamma / spread).fit(x, y)


def fit_recipe(
    recipe: Recipe,
    made: FoldInputs,
    seed: int,
    processes: FitProcesses,
    stop: Callable[[], bool],
) -> Iterator[tuple[int, Form]]:
    """Fit a model on every fold's training rows; yield (fold, model) as they end.

    Fits have processes of their own: scikit-learn's cannot be stopped, a process can.

    Args:
        recipe: the model.
        made: the folds' inputs.
        seed: of whatever it draws.
        processes: that fit.
        stop: asked a few times a second; once true, fits are ended.

    Raises:
        WorkerError: a fit failed.
    """

    def work(fold: int) -> Work:
        block = made.blocks[fold]
        rows = slice(block.start, block.start + block.n)
        y = made.task.targets[rows]
        y = y if y.ndim == 1 else y[:, 0].astype(np.float64)
        x = np.asarray(made.task.inputs[rows])
        return fit_and_keep, (recipe, seed, x, np.asarray(y))

    yield from processes.run(work, len(made.blocks), stop)


def fit_and_keep(recipe: Recipe, seed: int, x: Any, y: Any) -> Form:
    """Fit a recipe's model and return its form."""
    return recipe.keep(recipe.make(seed).fit(x, y))
