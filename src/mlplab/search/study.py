"""A finished search in Optuna's own storage, where its dashboard and plots find it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mlplab.errors import StoreError
from mlplab.search.ranges import Range
from mlplab.search.strategies.tpe import distributions, load_optuna, shown

if TYPE_CHECKING:
    from mlplab.search.result import SearchResult


def write_study(result: SearchResult, storage: str, name: str | None = None) -> str:
    """Write all trials of a search as one finished study; an older one of that name is replaced.

    Each trial's value is the metric's mean over its seeds; a trial with a failed run is marked as
    failed. Epochs, seeds and run-epochs are user attributes.

    Args:
        result: the search.
        storage: a database URL that Optuna understands, or a file name for SQLite.
        name: of the study.

    Returns:
        The study's name.

    Raises:
        ConfigError: Optuna is not installed.
        StoreError: the storage cannot be written.
    """
    optuna = load_optuna()
    url = storage if "://" in storage else f"sqlite:///{storage}"
    search = result.search
    title = name or f"mlplab {search.strategy} {search.search_seed}"
    sign = result._sign
    try:
        backend = optuna.storages.RDBStorage(url)
        if title in optuna.get_all_study_names(backend):
            optuna.delete_study(study_name=title, storage=backend)
        study = optuna.create_study(
            study_name=title, storage=backend, direction="maximize" if sign > 0 else "minimize"
        )
        shapes = distributions(search.space)
        trials = []
        for trial in result.trials:
            params = {
                path: value if isinstance(search.space.factors[path], Range) else shown(value)
                for path, value in trial.config.items()
            }
            sound = math.isfinite(trial.score)
            trials.append(
                optuna.trial.create_trial(
                    params=params,
                    distributions=shapes,
                    value=sign * trial.score if sound else None,
                    state=optuna.trial.TrialState.COMPLETE
                    if sound
                    else optuna.trial.TrialState.FAIL,
                    user_attrs={
                        "metric": result.metric,
                        "epochs": trial.epochs,
                        "seeds": list(trial.seeds),
                        "run_epochs": trial.run_epochs,
                    },
                )
            )
        study.add_trials(trials)
    except optuna.exceptions.OptunaError as problem:
        raise StoreError(f"study {storage}: cannot be written ({problem})") from problem
    except Exception as problem:
        if type(problem).__module__.startswith("sqlalchemy"):
            first = str(problem).splitlines()[0]
            raise StoreError(f"study {storage}: cannot be written ({first})") from None
        raise
    return title
