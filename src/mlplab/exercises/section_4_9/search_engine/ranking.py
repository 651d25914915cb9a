"""The ranking model: logistic regression on features and documents, trained on a log of clicks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlplab.exercises.section_4_9.logistic import sigmoid
from mlplab.exercises.section_4_9.search_engine.clicks import Array

_RIDGE = 2.0
_SWEEPS = 3


@dataclass
class RankingModel:
    """One model for each of R engines: score = w x + b + c, of a document with features x.

    Attributes:
        features: of the documents, with a 1 for the constant, (R, Q, J, F).
        shared: w and b, (R, F).
        own: c, of every document, (R, Q, J).
    """

    features: Array
    shared: Array
    own: Array

    @property
    def scores(self) -> Array:
        """The score of every document, (R, Q, J)."""
        return np.asarray(np.einsum("rqjf,rf->rqj", self.features, self.shared) + self.own)

    def train(self, shown: Array, clicks: Array, sweeps: int = _SWEEPS) -> None:
        """Take Newton steps from where the model stands towards the log's likeliest weights.

        The log-likelihood sum_j y_j s_j - n_j log(1 + e^s_j) - |c|^2 - |w|^2, with n_j how often
        document j was shown and y_j how often it was clicked; the steps go in turn over w and c.
        Where y is weighted it may exceed n: the equations E y = n sigmoid(s) still hold on
        average, which is all that is used.

        Args:
            shown: n, (R, Q, J).
            clicks: y, (R, Q, J).
        """
        ridge = _RIDGE * np.eye(self.shared.shape[1])
        for _ in range(sweeps):
            gradient, curvature = _slopes(self.scores, shown, clicks)
            along = np.einsum("rqjf,rqj->rf", self.features, gradient) - _RIDGE * self.shared
            weighted = self.features * curvature[..., None]
            hessian = np.einsum("rqjf,rqjg->rfg", weighted, self.features) + ridge
            self.shared = self.shared + np.linalg.solve(hessian, along[..., None])[..., 0]
            gradient, curvature = _slopes(self.scores, shown, clicks)
            step = (gradient - _RIDGE * self.own) / (curvature + _RIDGE)
            # A document with many clicks and a flat curve would leap.
            self.own = self.own + np.clip(step, -1.0, 1.0)


def _slopes(scores: Array, shown: Array, clicks: Array) -> tuple[Array, Array]:
    chance = sigmoid(scores)
    return clicks - shown * chance, shown * chance * (1 - chance)


def log_loss(scores: Array, shown: Array, clicks: Array) -> Array:
    """Return the mean log loss of predicting clicks from scores, in nats per result shown: (R,).

    Args:
        scores: (R, Q, J).
        shown: how often every document was shown, (R, Q, J).
        clicks: how often it was clicked, (R, Q, J).
    """
    total = (shown * np.logaddexp(0.0, scores) - clicks * scores).sum(axis=(1, 2))
    return np.asarray(total / shown.sum(axis=(1, 2)))
