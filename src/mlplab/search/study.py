"""A finished search in Optuna's own storage, where its dashboard and plots find it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mlplab.errors import StoreError
from mlplab.reading import read_name
from mlplab.search.ranges import Range
from mlplab.search.space import Space
from mlplab.search.strategies.tpe import distributions, load_optuna, shown
from mlplab.search.trial import Trial

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


def write_study(
    trials: Sequence[Trial],
    space: Space,
    storage: str,
    title: str,
    mark: str,
    *,
    metric: str,
    higher_is_better: bool,
) -> str:
    """Write all trials of a search as one finished study; an older one of it is replaced.

    Each trial's value is the metric's mean over its seeds; a trial with a failed run is marked as
    failed. Epochs, seeds and run-epochs are user attributes.

    Args:
        trials: in the order in which they were tried.
        space: of which they are.
        storage: a database URL that Optuna understands, or a file name for SQLite.
        title: the study's name.
        mark: says which search it is of; the same one may be written again.
        metric: what chose.
        higher_is_better: whether larger values of it are better.

    Returns:
        The study's name.

    Raises:
        ConfigError: Optuna is not installed.
        StoreError: the storage cannot be written, or has another search under that name.
    """
    optuna = load_optuna("a study file")
    direction = "maximize" if higher_is_better else "minimize"
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
        sign = 1.0 if higher_is_better else -1.0
        study.add_trials(_as_optuna(trials, space, metric, sign))
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
        # By name: SQLAlchemy comes with Optuna here, and is not imported for an except clause.
        if type(problem).__module__.startswith("sqlalchemy"):
            first = str(problem).splitlines()[0]
            raise StoreError(f"study {storage}: cannot be written ({first})") from None
        raise


def _as_optuna(trials: Sequence[Trial], space: Space, metric: str, sign: float) -> list[Any]:
    """Return trials as Optuna has them."""
    trial_module = load_optuna().trial
    shapes = distributions(space)
    out = []
    for trial in trials:
        sound = math.isfinite(trial.score)
        state = trial_module.TrialState
        out.append(
            trial_module.create_trial(
                params={
                    path: value if isinstance(space.factors[path], Range) else shown(value)
                    for path, value in trial.config.items()
                },
                distributions=shapes,
                value=sign * trial.score if sound else None,
                state=state.COMPLETE if sound else state.FAIL,
                user_attrs={
                    "metric": metric,
                    "epochs": trial.epochs,
                    "seeds": list(trial.seeds),
                    "run_epochs": trial.run_epochs,
                },
            )
        )
    return out
