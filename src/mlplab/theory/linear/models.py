"""What every solver here returns: linear models of many runs, or of many runs and settings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import DataError
from mlplab.theory.linear.samples import Array, checked_inputs, checked_samples


@dataclass(frozen=True, eq=False)
class LinearModels:
    """Linear models y = X w + b; a run that has no answer holds NaN and hurts no other.

    Attributes:
        weights: (R, P), or (R, L, P) along a path of L settings.
        intercepts: (R,) or (R, L); 0 where none was asked for.

    >>> models = LinearModels(np.array([[2.0]]), np.array([1.0]))
    >>> models.predict([[[1.0], [3.0]]]).tolist()
    [[3.0, 7.0]]
    """

    weights: Array
    intercepts: Array

    def predict(self, X: ArrayLike) -> Array:
        """Return the outputs for inputs (R, M, P): (R, M), or (R, L, M) along a path.

        Raises:
            DataError: X has other runs or columns than the models.
        """
        inputs = checked_inputs(X)
        expected = (len(self.weights), self.weights.shape[-1])
        if (len(inputs), inputs.shape[-1]) != expected:
            raise DataError(f"X: expected {expected} runs and columns; got shape {inputs.shape}")
        if self.weights.ndim == 2:
            outputs = (inputs @ self.weights[..., None])[..., 0]
        else:
            outputs = self.weights @ inputs.transpose(0, 2, 1)
        return np.asarray(outputs + self.intercepts[..., None])

    def mean_squared_error(self, X: ArrayLike, y: ArrayLike) -> Array:
        """Return the mean over rows of (y_hat - y)^2: (R,), or (R, L) along a path.

        Raises:
            DataError: X and y do not fit the models or one another.
        """
        inputs, targets = checked_samples(X, y)
        targets = targets if self.weights.ndim == 2 else targets[:, None]
        return np.asarray(np.square(self.predict(inputs) - targets).mean(axis=-1))
