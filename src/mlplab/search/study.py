"""A finished search in Optuna's own storage, where its dashboard and plots find it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlplab.errors import StoreError
from mlplab.experiment.declare import read_name
from mlplab.search.ranges import Range
from mlplab.search.strategies.tpe import distributions, load_optuna, shown
from mlplab.specs import digest

if TYPE_CHECKING:
    from mlplab.search.result import SearchResult

_SEARCH = "mlplab search"  # the attribute by which a study says which search it is of


def check_storage(storage: str) -> None:
    """Refuse a storage that a study could not be written to, by writing one and taking it back.

    Raises:
        ConfigError: Optuna is not installed.
        StoreError: it cannot be written.
    """
    optuna = load_optuna("a study file")
    with _writing(storage) as backend:
        name = optuna.create_study(storage=backend).study_name
        optuna.delete_study(study_name=name, storage=backend)


def write_study(result: SearchResult, storage: str, name: str | None = None) -> str:
    """Write all trials of a search as one finished study; an older one of it is replaced.

    Each trial's value is the metric's mean over its seeds; a trial with a failed run is marked as
    failed. Epochs, seeds and run-epochs are user attributes.

    Args:
        result: the search.
        storage: a database URL that Optuna understands, or a file name for SQLite.
        name: of the study; default: one made from what was searched, and how.

    Returns:
        The study's name.

    Raises:
        ConfigError: Optuna is not installed.
        StoreError: the storage cannot be written, or has another search under that name.
    """
    optuna = load_optuna("a study file")
    search = result.search
    mark = _digest(result)
    title = read_name(name) or f"mlplab {search.strategy} {search.search_seed} {mark}"
    direction = "maximize" if result._sign > 0 else "minimize"
    with _writing(storage) as backend:
        if title in optuna.get_all_study_names(backend):
            older = optuna.load_study(study_name=title, storage=backend)
            if older.user_attrs.get(_SEARCH) != mark:
                raise StoreError(
                    f"study {storage}: has another search under {title!r}; give this one "
                    "another name"
                )
            optuna.delete_study(study_name=title, storage=backend)
        study = optuna.create_study(study_name=title, storage=backend, direction=direction)
        study.set_user_attr(_SEARCH, mark)
        study.add_trials(_trials(result))
    return title


@contextmanager
def _writing(storage: str) -> Iterator[Any]:
    """Open a storage; what fails inside is told in one line."""
    optuna = load_optuna()
    read_name(storage, "study")
    url = storage if "://" in storage else f"sqlite:///{storage}"
    if url.endswith(":memory:") or url == "sqlite://":
        raise StoreError(f"study {storage}: expected a file or a database that stays")
    try:
        yield optuna.storages.RDBStorage(url)
    except (optuna.exceptions.OptunaError, ImportError, OSError) as problem:
        first = str(problem).strip().splitlines()[0]
        raise StoreError(f"study {storage}: cannot be written ({first})") from None
    except Exception as problem:
        if type(problem).__module__.startswith("sqlalchemy"):
            first = str(problem).splitlines()[0]
            raise StoreError(f"study {storage}: cannot be written ({first})") from None
        raise


def _trials(result: SearchResult) -> list[Any]:
    """Return the search's trials as Optuna has them."""
    trial_module = load_optuna().trial
    factors = result.search.space.factors
    shapes = distributions(result.search.space)
    trials = []
    for trial in result.trials:
        sound = math.isfinite(trial.score)
        state = trial_module.TrialState
        trials.append(
            trial_module.create_trial(
                params={
                    path: value if isinstance(factors[path], Range) else shown(value)
                    for path, value in trial.config.items()
                },
                distributions=shapes,
                value=result._sign * trial.score if sound else None,
                state=state.COMPLETE if sound else state.FAIL,
                user_attrs={
                    "metric": result.metric,
                    "epochs": trial.epochs,
                    "seeds": list(trial.seeds),
                    "run_epochs": trial.run_epochs,
                },
            )
        )
    return trials


def _digest(result: SearchResult) -> str:
    """Return eight digits that say which search this is: the task, the space and all its terms."""
    search = result.search
    factors = {path: repr(levels) for path, levels in search.space.factors.items()}
    terms = (
        search.strategy,
        search.search_seed,
        search.budget,
        search.seeds,
        search.per_range,
        search.population,
        repr(search.start),
        result.metric,
    )
    return digest([result.runs.experiment.data.content, search.base, factors, list(terms)], 8)
