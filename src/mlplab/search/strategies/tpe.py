"""TPE by Optuna: a whole population is asked, trained, and told."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mlplab.extras import load
from mlplab.search.ranges import Range
from mlplab.search.space import Config, Space
from mlplab.search.strategies.base import Steps
from mlplab.search.trial import Proposal, Terms

FAILED = -1e30
"""What Optuna is told of a failed run: it takes no infinite values."""


def tpe(space: Space, terms: Terms, rng: np.random.Generator) -> Steps:
    """Model good and bad configurations apart, and draw where the good ones are denser.

    The first population is random. Within a population each further draw takes the ones before
    for bad (a constant liar), which spreads them. Source: Bergstra et al. (2011), Algorithms for
    hyper-parameter optimization; Akiba et al. (2019), arXiv 1907.10902.
    """
    optuna = load_optuna()
    # A quarter of the budget at random, at most a population: the model needs something to go by.
    n_first = min(terms.population, max(1, terms.n_trials // 4))
    sampler = optuna.samplers.TPESampler(
        seed=int(rng.integers(2**31)),
        n_startup_trials=n_first,
        constant_liar=True,
        multivariate=True,
    )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    shapes = distributions(space)
    while True:
        asked = [study.ask(shapes) for _ in range(n_first)]
        configs = [read_params(space, trial.params) for trial in asked]
        trials = yield [Proposal(config, terms.epochs, terms.seeds) for config in configs]
        for trial, found in zip(asked, trials, strict=False):
            study.tell(trial, found.score if math.isfinite(found.score) else FAILED)


def load_optuna(what: str = "strategy 'tpe'") -> Any:
    """Return the module, quiet; `what` needs it.

    Raises:
        ConfigError: it is not installed.
    """
    import warnings

    optuna: Any = load("optuna", what)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


def distributions(space: Space) -> dict[str, Any]:
    """Return each factor's distribution as Optuna has it; listed values go by their places."""
    kinds = load_optuna().distributions
    out: dict[str, Any] = {}
    for path, levels in space.factors.items():
        if not isinstance(levels, Range):
            out[path] = kinds.CategoricalDistribution([shown(level) for level in levels])
        elif levels.whole:
            out[path] = kinds.IntDistribution(round(levels.low), round(levels.high), log=levels.log)
        else:
            out[path] = kinds.FloatDistribution(levels.low, levels.high, log=levels.log)
    return out


def read_params(space: Space, params: Config) -> dict[str, Any]:
    """Turn Optuna's parameters into a configuration."""
    config: dict[str, Any] = {}
    for path, levels in space.factors.items():
        value = params[path]
        if not isinstance(levels, Range):
            value = next(level for level in levels if shown(level) == value)
        config[path] = value
    return config


def shown(value: Any) -> Any:
    """Return a listed value as Optuna's storage can keep it."""
    return value if isinstance(value, str | int | float | bool) else str(value)
