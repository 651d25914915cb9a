"""The lasso's optimum, as several of the section's exercises need it."""

from __future__ import annotations

import numpy as np

from mlplab.exercises.section_4_5.problem import Array
from mlplab.theory.linear import LinearModels, largest_penalty, lasso_path

_N_PATH = 10


def solve_lasso(X: Array, y: Array, penalty: float) -> LinearModels:
    """Return the lasso with a constant, weights (R, P): exact, by coordinate descent.

    A path from the largest penalty down keeps the weights off 0 few on the way; solved at once,
    a small penalty first lets nearly all of them in and takes ten times as long.
    """
    top = max(float(largest_penalty(X, y, intercept=True).max()), penalty)
    models = lasso_path(X, y, np.geomspace(top, penalty, _N_PATH), intercept=True).models
    return LinearModels(models.weights[:, -1], models.intercepts[:, -1])
