"""Linear models of many runs solved exactly: what stochastic descent is measured against.

Inputs are (R, N, P), targets (R, N), all in float64; nothing crosses runs. What a penalty means
is said once, in `mlplab.theory.linear.penalties`.
"""

from mlplab.theory.linear.bayes import Posterior, log_evidence, posterior
from mlplab.theory.linear.conditioning import (
    FLOAT64_DIGITS,
    condition_number,
    digits_expected,
    digits_right,
)
from mlplab.theory.linear.exact import solve_exactly
from mlplab.theory.linear.gradient_flow import (
    descent_filters,
    descent_path,
    largest_stable_rate,
    matching_penalty,
)
from mlplab.theory.linear.laplace import sample_laplace
from mlplab.theory.linear.lasso import LassoPath, largest_penalty, lasso_path
from mlplab.theory.linear.least_squares import solve_normal_equations, solve_qr, solve_svd
from mlplab.theory.linear.leave_one_out import (
    generalised_cross_validation,
    leave_one_out_errors,
)
from mlplab.theory.linear.models import LinearModels
from mlplab.theory.linear.penalties import (
    elastic_net_alpha,
    gaussian_penalty,
    laplace_penalty,
    penalty_of_weight_decay,
    ridge_alpha,
)
from mlplab.theory.linear.proximal import (
    Descent,
    descend_lasso,
    largest_lasso_rate,
    soft_threshold,
)
from mlplab.theory.linear.ridge import degrees_of_freedom, ridge_filters, ridge_path
from mlplab.theory.linear.spectrum import Spectrum, spectrum

__all__ = [
    "FLOAT64_DIGITS",
    "Descent",
    "LassoPath",
    "LinearModels",
    "Posterior",
    "Spectrum",
    "condition_number",
    "degrees_of_freedom",
    "descend_lasso",
    "descent_filters",
    "descent_path",
    "digits_expected",
    "digits_right",
    "elastic_net_alpha",
    "gaussian_penalty",
    "generalised_cross_validation",
    "laplace_penalty",
    "largest_lasso_rate",
    "largest_penalty",
    "largest_stable_rate",
    "lasso_path",
    "leave_one_out_errors",
    "log_evidence",
    "matching_penalty",
    "penalty_of_weight_decay",
    "posterior",
    "ridge_alpha",
    "ridge_filters",
    "ridge_path",
    "sample_laplace",
    "soft_threshold",
    "solve_exactly",
    "solve_normal_equations",
    "solve_qr",
    "solve_svd",
    "spectrum",
]
