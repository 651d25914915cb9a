"""Scores of the ways to predict log prices, and the claims about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_10.scores import Array, fold_scores, score_claim
from mlplab.experiment import Runs


def at_rate(runs: Runs, lr: float, metric: str = "valid_rmse") -> Array:
    """Return the scores of one learning rate; the RMSE of log prices is the score."""
    return fold_scores(runs, {"optim.lr": lr}, metric)


def ways(runs: Mapping[str, Runs]) -> dict[str, Array]:
    """Return the scores on each fold, by what was done."""
    score = "valid_house_score"
    stuck, alive = (fold_scores(runs["clamp"], arm, "valid_rmse") for arm in runs["clamp"].arms)
    return {
        "price": at_rate(runs["price"], 5.0, score),
        "price_15": at_rate(runs["price"], 15.0, score),
        "log": at_rate(runs["log price"], 0.01),
        "stuck": stuck,
        "alive": alive,
        "bounded_price": at_rate(runs["bounded price"], 15.0, score),
        "bounded_log": at_rate(runs["bounded log price"], 0.01),
    }


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Return the claims with one number per fold."""
    scores = ways(runs)
    fast = at_rate(runs["log price"], 5.0)
    return (
        score_claim("worse", scores["stuck"], scores["price"], "higher"),
        score_claim("unclamped", scores["log"], scores["price"], "higher"),
        score_claim("rate", fast, scores["log"], "higher"),
        score_claim("started", scores["alive"], scores["price"], "lower"),
        score_claim("bounded", scores["bounded_log"], scores["bounded_price"], "lower"),
    )
