"""Whether weighting helps: importance-weighted cross-validation of weighted and plain training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError, DataError, users_code
from mlplab.reading import read_list, read_number, read_whole
from mlplab.shift.correction.weights import Floats, Weights, as_weights

if TYPE_CHECKING:
    from mlplab.stats import Decision

Loss = Callable[[NDArray[Any], NDArray[Any]], ArrayLike]
_SMALLEST = 1e-15


@dataclass(frozen=True, eq=False, slots=True)
class WeightingAdvice:
    """Whether to train with weights, and what says so.

    Attributes:
        answer: "weight" if some exponent surely lowers the estimated target risk, "don't" if none
            lowers it by what matters, else "undecided".
        exponent: what to raise the weights to: the best supported one; 0 unless "weight".
        reason: the answer in a sentence.
        risks: exponent -> estimate of the target risk.
        decisions: exponent -> what is known of risk(0) - risk(exponent); empty where the
            correction itself was declined.
        differences: exponent -> risk(0) - risk(exponent) for each repeat and fold, (J,).
    """

    answer: Literal["weight", "don't", "undecided"]
    exponent: float
    reason: str
    risks: dict[float, float]
    decisions: dict[float, Decision]
    differences: dict[float, Floats]


def worth_weighting(
    model: Any,
    inputs: Any,
    targets: ArrayLike,
    weights: Weights | ArrayLike,
    *,
    exponents: Sequence[float] = (0.5, 1.0),
    n_folds: int = 5,
    n_repeats: int = 2,
    loss: Loss | None = None,
    matters: float = 0.01,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> WeightingAdvice:
    """Compare training with weights^exponent against training without, by estimated target risk.

    The risk of a model on target rows is estimated by mean_i w_i loss_i over rows it did not train
    on; that is unbiased if the weights are the density ratio. All exponents share folds and seeds,
    and what decides is one difference for each fold and repeat, its interval widened because
    folds share training rows. Weights whose variance is large give wide intervals: "undecided"
    then says that these rows cannot tell.

    A model that is flexible enough, trained on enough rows, predicts best without weights:
    they only cost it effective rows. "don't" is a common answer, and a good one.

    Assumes: covariate shift, weights that are the density ratio, independent rows.

    Args:
        model: an estimator whose `fit` takes `sample_weight`, or a pipeline that ends in one; it
            is cloned, and its `random_state` set where it has one.
        inputs: (N, I), what the model takes; array or frame.
        targets: (N,).
        weights: a `Weights`, or (N,) numbers.
        exponents: compared with 0; each above 0 and at most 1.
        n_folds, n_repeats: folds, and how often they are drawn; 5 differences or more.
        loss: function of targets (B,) and predictions -> (B,); default: negative log probability
            where the model has `predict_proba`, else the squared error. A loss of one's own is
            given what `predict` returns.
        matters: smallest gain that matters, as a share of the risk without weights.
        seed: draws folds; repeat r trains with `random_state` seed + r.
        progress: called with trainings done and all trainings.

    Raises:
        ConfigError: a setting out of range, or a model that takes no `sample_weight`.
        DataError: rows, targets and weights do not fit, or too few rows.

    Cost: (1 + exponents) x `n_folds` x `n_repeats` trainings.

    Source: Sugiyama, Krauledat and Mueller, JMLR 8, 2007; the interval: Nadeau and Bengio, Machine
    Learning 52, 2003; the exponent: Shimodaira, 2000.

    >>> from sklearn.linear_model import LinearRegression
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(2000, 1))
    >>> weights = np.exp(x[:, 0] - 0.5)            # the target's mean is 1
    >>> bent = x[:, 0] ** 2 + 0.1 * rng.normal(size=2000)
    >>> worth_weighting(LinearRegression(), x, bent, weights).answer      # a line cannot bend
    'weight'
    >>> straight = x[:, 0] + 0.1 * rng.normal(size=2000)
    >>> worth_weighting(LinearRegression(), x, straight, weights, matters=0.05).answer
    "don't"
    """
    from mlplab.stats import cross_validated_interval, decide_interval

    labels = np.asarray(targets)
    compared = (0.0, *_read_exponents(exponents))
    n_folds, n_repeats, seed = _read_folds(n_folds, n_repeats, seed)
    matters = read_number("matters", matters, "a number above 0", lambda share: share > 0)
    if isinstance(weights, Weights) and weights.declined:
        return WeightingAdvice("don't", 0.0, f"no weights: {weights.declined}", {}, {}, {})
    if not hasattr(inputs, "shape") and not isinstance(inputs, Sequence):
        raise DataError(f"inputs: expected an array or a frame; got {type(inputs).__name__}")
    n_rows = inputs.shape[0] if hasattr(inputs, "shape") else len(inputs)
    if labels.shape != (n_rows,):
        raise DataError(f"targets: expected one per row, ({n_rows},); got {labels.shape}")
    if n_rows < 2 * n_folds:
        raise DataError(f"inputs: expected at least {2 * n_folds} rows; got {n_rows}")
    given = as_weights(weights, n_rows)
    given = given / given.mean()
    keyword = _weight_keyword(model)
    rows = inputs if hasattr(inputs, "iloc") else np.asarray(inputs)
    risks: dict[float, list[float]] = {exponent: [] for exponent in compared}
    n_trainings, done = len(compared) * n_folds * n_repeats, 0
    for repeat in range(n_repeats):
        for train, held in _folds(model, labels, n_folds, seed + repeat):
            for exponent in compared:
                fitted = _seeded(model, seed + repeat)
                with users_code("model", type(model).__name__):
                    own = given[train] ** exponent
                    fitted.fit(_take(rows, train), labels[train], **{keyword: own / own.mean()})
                    losses = _losses(fitted, _take(rows, held), labels[held], loss)
                risks[exponent].append(float(np.mean(given[held] * losses)))
                done += 1
                if progress is not None:
                    progress(done, n_trainings)
    base = np.array(risks[0.0])
    differences = {e: base - np.array(risks[e]) for e in compared[1:]}
    least = matters * max(abs(float(base.mean())), np.finfo(np.float64).tiny)
    n_held = n_rows // n_folds
    decisions = {
        exponent: decide_interval(
            cross_validated_interval(
                gains, n_train=n_rows - n_held, n_test=n_held, claims=len(differences)
            ),
            least,
        )
        for exponent, gains in differences.items()
    }
    means = {exponent: float(np.mean(values)) for exponent, values in risks.items()}
    return _advise(means, decisions, differences, least)


def _advise(
    risks: dict[float, float],
    decisions: dict[float, Decision],
    differences: dict[float, Floats],
    least: float,
) -> WeightingAdvice:
    helps = [e for e, found in decisions.items() if found.verdict == "supported"]
    if helps:
        best = min(helps, key=lambda exponent: risks[exponent])
        found = decisions[best]
        reason = (
            f"weights^{best:g} lower the estimated target risk from {risks[0.0]:.4g} to "
            f"{risks[best]:.4g} (by {found.low:.2g} to {found.high:.2g})"
        )
        return WeightingAdvice("weight", best, reason, risks, decisions, differences)
    most = max(found.high for found in decisions.values())
    if most < least:
        reason = (
            f"no weights lower the estimated target risk of {risks[0.0]:.4g} by {least:.2g}, "
            f"which would matter (at most by {most:.2g})"
        )
        return WeightingAdvice("don't", 0.0, reason, risks, decisions, differences)
    reason = (
        f"weights may lower the estimated target risk of {risks[0.0]:.4g} by up to {most:.2g}, or "
        "raise it; these rows do not tell"
    )
    return WeightingAdvice("undecided", 0.0, reason, risks, decisions, differences)


def _folds(model: Any, labels: NDArray[Any], n_folds: int, seed: int) -> Any:
    from sklearn.base import is_classifier
    from sklearn.model_selection import KFold, StratifiedKFold

    if not is_classifier(model):
        return KFold(n_folds, shuffle=True, random_state=seed).split(labels)
    _, counts = np.unique(labels, return_counts=True)
    if counts.min() < n_folds:
        raise DataError(
            f"targets: expected at least {n_folds} rows of each class, one per fold; the rarest "
            f"has {counts.min()}"
        )
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return folds.split(np.zeros(len(labels)), labels)


def _losses(fitted: Any, rows: Any, labels: NDArray[Any], loss: Loss | None) -> Floats:
    if loss is not None:
        values = np.asarray(loss(labels, fitted.predict(rows)), np.float64)
    elif hasattr(fitted, "predict_proba"):
        places = {label: i for i, label in enumerate(fitted.classes_.tolist())}
        # Weights of 0 may have hidden a class: nothing was given to it.
        given = np.column_stack([fitted.predict_proba(rows), np.zeros(len(labels))])
        columns = [places.get(label, -1) for label in labels.tolist()]
        values = -np.log(np.maximum(given[np.arange(len(labels)), columns], _SMALLEST))
    else:
        values = np.square(labels - np.asarray(fitted.predict(rows), np.float64))
    if values.shape != labels.shape or not np.isfinite(values).all():
        raise ConfigError(f"loss: expected finite numbers, {labels.shape}; got {values.shape}")
    return values


def _seeded(model: Any, seed: int) -> Any:
    from sklearn.base import clone

    fresh = clone(model)
    names = [n for n in fresh.get_params() if n.rpartition("__")[2] == "random_state"]
    return fresh.set_params(**dict.fromkeys(names, seed))


def _weight_keyword(model: Any) -> str:
    """Return the name under which `fit` takes weights."""
    from sklearn.pipeline import Pipeline
    from sklearn.utils.validation import has_fit_parameter

    last, prefix = model, ""
    if isinstance(model, Pipeline):
        name, last = model.steps[-1]
        prefix = f"{name}__"
    if not hasattr(last, "fit") or not has_fit_parameter(last, "sample_weight"):
        raise ConfigError(
            f"model: expected an estimator whose fit takes sample_weight; got {type(last).__name__}"
        )
    return f"{prefix}sample_weight"


def _take(rows: Any, places: NDArray[Any]) -> Any:
    return rows.iloc[places] if hasattr(rows, "iloc") else rows[places]


def _read_exponents(exponents: Any) -> tuple[float, ...]:
    wanted = "one or more, above 0 and at most 1"
    given = read_list("exponents", exponents, wanted)
    if not given:
        raise ConfigError(f"exponents: expected {wanted}; got none")
    return tuple(read_number("exponents", one, wanted, lambda e: 0 < e <= 1) for one in given)


def _read_folds(n_folds: Any, n_repeats: Any, seed: Any) -> tuple[int, int, int]:
    folds, repeats = read_whole("n_folds", n_folds, 2), read_whole("n_repeats", n_repeats)
    if folds * repeats < 5:
        raise ConfigError(
            f"n_folds, n_repeats: expected 5 differences or more; got {folds} x {repeats}"
        )
    return folds, repeats, read_whole("seed", seed, 0)
