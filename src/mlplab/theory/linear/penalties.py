"""What lambda means here, and how to get it from the conventions of others.

Everything in this package minimises

    sum_i (y_i - x_i w - b)^2 / (2 N)  +  l2 ||w||^2 / 2  +  l1 ||w||_1,

the mean over rows of half the squared error, with b free. `penalty` is l2 in ridge and l1 in the
lasso. Because the first term is a mean, one penalty means the same strength at any N.
"""

from __future__ import annotations

from mlplab.theory.linear.samples import expect_positive


def ridge_alpha(penalty: float, n_rows: int) -> float:
    """Return scikit-learn's `Ridge(alpha)`, which minimises ||y - X w||^2 + alpha ||w||^2.

    Args:
        penalty: l2 of this package.
        n_rows: N of the sample.

    >>> ridge_alpha(0.5, n_rows=20)
    10.0
    """
    return penalty * n_rows


def elastic_net_alpha(l1: float, l2: float) -> tuple[float, float]:
    """Return `(alpha, l1_ratio)` of scikit-learn's `ElasticNet`; its `Lasso(alpha)` is l1 itself.

    It minimises ||y - X w||^2 / (2 N) + alpha l1_ratio ||w||_1 + alpha (1 - l1_ratio) ||w||^2 / 2.

    >>> elastic_net_alpha(l1=0.25, l2=0.75)
    (1.0, 0.25)
    """
    return l1 + l2, l1 / (l1 + l2) if l1 + l2 else 1.0


def penalty_of_weight_decay(weight_decay: float) -> float:
    """Return the l2 whose optimum SGD with a mean squared error (no half) and this decay seeks.

    Such a loss has twice the gradient, while `weight_decay * w` joins it as it is: half of the
    decay counts. It holds for the chapter's `nn.MSELoss` and for mlplab's own `"squared"` loss.

    >>> penalty_of_weight_decay(3.0)
    1.5
    """
    return weight_decay / 2


def gaussian_penalty(sigma: float, tau: float, n_rows: int) -> float:
    """Return the l2 of the most probable weights under w_j ~ N(0, tau^2): sigma^2 / (N tau^2).

    Args:
        sigma: standard deviation of the noise.
        tau: standard deviation of a weight.
        n_rows: N of the sample.

    Raises:
        ConfigError: one of the three is not above 0.

    >>> gaussian_penalty(sigma=0.5, tau=0.25, n_rows=8)
    0.5
    """
    expect_positive(sigma=sigma, tau=tau, n_rows=n_rows)
    return sigma**2 / (n_rows * tau**2)


def laplace_penalty(sigma: float, scale: float, n_rows: int) -> float:
    """Return the l1 of the most probable weights under p(w_j) = exp(-|w_j| / scale) / (2 scale).

    It is sigma^2 / (N scale); the standard deviation of such a weight is sqrt(2) scale.

    Args:
        sigma: standard deviation of the noise.
        scale: of the Laplace distribution.
        n_rows: N of the sample.

    Raises:
        ConfigError: one of the three is not above 0.

    >>> laplace_penalty(sigma=0.5, scale=0.25, n_rows=8)
    0.125
    """
    expect_positive(sigma=sigma, scale=scale, n_rows=n_rows)
    return sigma**2 / (n_rows * scale)
