"""One number per draw of the data for every claim about a cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_9.risk_gap.design import SIZES, WIDTH
from mlplab.exercises.section_4_9.risk_gap.problem import BAYES, N_INPUTS, Array
from mlplab.exercises.section_4_9.risk_gap.risks import (
    Risks,
    by_inputs,
    by_sampling,
    by_size,
    by_steps,
    by_width,
    fixed_gaps,
    log_slopes,
)
from mlplab.experiment import Runs

_DECADES = 0.1
_GAP, _TRUE = "log10 of gap", "log10 of true risk"
_ESTIMATE = "log10 of estimate / true risk"
_SMALLEST = 1e-4


def n_fixed(profile: Profile) -> int:
    """Return how many samples the true function, which needs no training, is scored on."""
    return profile.pick(200, 1000, 4000)


def n_parameters(width: int = WIDTH, inputs: int = N_INPUTS) -> int:
    """Return the weights and biases of a network with one hidden layer and one output."""
    return width * (inputs + 2) + 1


def classical_gap(n: float) -> float:
    """Return 2 k sigma^2 / n, the gap of least squares with k parameters, for many rows."""
    return 2 * n_parameters() * BAYES / n


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare gaps and true risks draw by draw."""
    return (
        *_rows(runs, profile),
        *_model(runs),
        *_targets(runs),
        *_selection(runs),
        _wider("missing", by_sampling(runs, "missing"), 0.0, 0.1),
    )


def _decades(gap: Array) -> Array:
    # A gap may by chance be none, of which there is no logarithm.
    return np.asarray(np.log10(np.maximum(gap, _SMALLEST)))


def _wider(key: str, found: Mapping[float, Risks], few: float, many: float) -> Measured:
    change = _decades(found[many].gap) - _decades(found[few].gap)
    return measured(key, change, _DECADES, "higher", _GAP)


def _each_step(key: str, found: Mapping[float, Risks], levels: Sequence[float]) -> Measured:
    """Claim that the gap widens at every step: the least change decides."""
    gaps = [_decades(found[level].gap) for level in levels]
    return measured(
        key, np.diff(gaps, axis=0).min(axis=0), _DECADES, "higher", f"least rise of {_GAP}"
    )


def _riskier(key: str, one: Risks, other: Risks, matters: float = _DECADES) -> Measured:
    return measured(key, np.log10(one.true / other.true), matters, "higher", _TRUE)


def _rows(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    gaps = {n: _decades(one.excess_gap(BAYES)) for n, one in by_size(runs).items()}
    falls = -np.diff(list(gaps.values()), axis=0).min(axis=0)
    most = max(SIZES)
    slopes = log_slopes({n: 10**gap for n, gap in gaps.items()})
    fixed = log_slopes(fixed_gaps(n_fixed(profile)))
    longer = {k: _decades(one.excess_gap(BAYES)) for k, one in by_steps(runs).items()}
    slope = "slope of log10 of gap"
    return (
        measured("size", falls, _DECADES, "higher", "least fall of log10 of gap"),
        measured("root", fixed + 0.5, 0.1, "same", slope),
        measured("faster", slopes + 0.5, 0.1, "lower", slope),
        measured("inverse", slopes + 1.0, 0.1, "same", slope),
        measured("parameters", gaps[most] - np.log10(classical_gap(most)), _DECADES, "same", _GAP),
        measured("steps", longer[4] - longer[1], _DECADES, "higher", _GAP),
    )


def _model(runs: Mapping[str, Runs]) -> Sequence[Measured]:
    width, inputs = by_width(runs), by_inputs(runs)
    return (
        _wider("width", width, 8, 64),
        _each_step("every_width", width, (8, 16, 32, 64, 256)),
        _riskier("simple", width[0], width[8]),
        _riskier("overfits", width[64], width[8]),
        _riskier("wider_still", width[256], width[64]),
        _each_step("inputs", inputs, (2, 4, 8, 16, 32)),
        _riskier("omitted", inputs[1], inputs[2]),
    )


def _targets(runs: Mapping[str, Runs]) -> Sequence[Measured]:
    noise = by_sampling(runs, "noise")
    outliers = by_sampling(runs, "outliers")
    robust = by_sampling(runs, "outliers", "huber")
    slopes = log_slopes({s: one.gap for s, one in noise.items() if s > 0})
    return (
        _each_step("noise", noise, (0.25, 0.5, 1.0, 2.0)),
        measured("variance", slopes - 2, 0.2, "same", "slope of log10 of gap"),
        _wider("outliers", outliers, 0.0, 0.05),
        _riskier("outliers_risk", outliers[0.05], outliers[0.0]),
        measured(
            "huber", np.log10(robust[0.05].true / outliers[0.05].true), _DECADES, "lower", _TRUE
        ),
        measured(
            "huber_clean", np.log10(robust[0.0].true / outliers[0.0].true), 0.05, "same", _TRUE
        ),
    )


def _selection(runs: Mapping[str, Runs]) -> Sequence[Measured]:
    found = by_sampling(runs, "selection")
    log_ratio = {s: np.log10(one.weighted / one.true) for s, one in found.items()}
    return (
        _wider("selection", found, 0.0, 4.0),
        measured("mild", _decades(found[1.0].gap) - _decades(found[0.0].gap), 0.1, "same", _GAP),
        measured(
            "blind", np.log10(found[4.0].held_out / found[4.0].true), _DECADES, "lower", _ESTIMATE
        ),
        measured("weighted", log_ratio[2.0], 0.05, "same", _ESTIMATE),
        measured("weighted_far", log_ratio[4.0], 0.05, "lower", _ESTIMATE),
    )
