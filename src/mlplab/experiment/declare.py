"""What a user declares, read and checked before anything runs."""

from __future__ import annotations

import itertools
import math
import numbers
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mlplab.data import Task
from mlplab.errors import ConfigError, shown
from mlplab.experiment.arms import factor_path
from mlplab.experiment.metrics import check_metric, higher_is_better, refuse_test
from mlplab.experiment.parts import CLAIMS, Find, Part, arms_of, parts_of
from mlplab.experiment.wording import claim_words
from mlplab.reading import has_axes, read_whole
from mlplab.specs import BestArm, Claim, FailureDifference, Proof, Run, Spec

# A run's specs, outcome and row take some 6 kB: more would fill 60 GB before anything trains.
MOST_SEEDS = 10_000_000
_SEEDS = 2**63  # of a run: one more than the last


def read_matters(matters: Any) -> float:
    """Return the smallest difference that matters.

    Raises:
        ConfigError: no finite number above 0.

    >>> read_matters(0.005)
    0.005
    """
    number = not isinstance(matters, bool) and isinstance(matters, numbers.Real)
    if not number or not 0 < matters < float("inf"):  # NaN fails both comparisons
        raise ConfigError(f"matters: expected a finite number above 0; got {shown(matters)}")
    return float(matters)


def read_seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    """Return the seeds: n stands for 0 to n-1.

    Raises:
        ConfigError: none, one twice, too many, or not whole numbers of at least 0.

    >>> read_seeds(3), read_seeds([7, 5])
    ((0, 1, 2), (7, 5))
    """
    if hasattr(seeds, "__index__") and not isinstance(seeds, bool) and not has_axes(seeds):
        seeds = range(read_whole("seeds", seeds))
    # Sliced first: `len` of a range beyond 2**63 raises.
    if isinstance(seeds, range) and len(seeds[: MOST_SEEDS + 1]) > MOST_SEEDS:
        raise ConfigError(f"seeds: expected at most {MOST_SEEDS}; got more")
    listed = _as_tuple(seeds)
    if not listed or not all(_is_whole(seed) and 0 <= seed < _SEEDS for seed in listed):
        raise ConfigError(
            f"seeds: expected a number, or whole numbers from 0 to 2**63 - 1; got {shown(seeds)}"
        )
    if len(set(listed)) < len(listed):
        twice = next(seed for seed in listed if listed.count(seed) > 1)
        raise ConfigError(f"seeds: expected each once; got {twice} twice")
    return listed


def fresh_seeds(used: Iterable[int], n: int) -> tuple[int, ...]:
    """Return n seeds that are not among those used: the ones after the last, where there are.

    >>> fresh_seeds([0, 1], 2), fresh_seeds([2**63 - 1, 1], 2)
    ((2, 3), (0, 2))
    """
    taken = set(used)
    start = max(taken) + 1
    if start + n <= _SEEDS:
        return tuple(range(start, start + n))
    return tuple(itertools.islice((seed for seed in itertools.count() if seed not in taken), n))


def read_vary(base: Run, vary: Mapping[str, Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
    """Return the factors by dotted path.

    Raises:
        ConfigError: every unknown factor and every factor without values.
    """
    if not isinstance(vary, Mapping):
        raise ConfigError(f"vary: expected a mapping, factor -> values; got {vary!r}")
    factors: dict[str, tuple[Any, ...]] = {}
    problems = Problems()
    for name, values in vary.items():
        with problems.of("vary: "):
            path = factor_path(base, name)
            if path in factors:
                raise ConfigError(f"{path!r} is given twice")
            listed = _as_tuple(values)
            if not listed:
                raise ConfigError(f"{name!r} expects a list of values; got {values!r}")
            factors[path] = listed
    problems.complain()
    return factors


def read_rows(base: Run, arms: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return single arms, their factors by dotted path.

    Raises:
        ConfigError: every unknown factor.
    """
    rows: list[dict[str, Any]] = []
    problems = Problems()
    for arm in arms:
        with problems.of("arms: "):
            if not isinstance(arm, Mapping):
                raise ConfigError(f"expected mappings, factor -> value; got {arm!r}")
            rows.append({factor_path(base, name): value for name, value in arm.items()})
    problems.complain()
    return rows


def read_fails(base: Run, fails: Mapping[str, float], task: Task | None) -> dict[str, float]:
    """Return the rule by which a finished run counts as failed.

    Raises:
        ConfigError: a metric that is not recorded or has no better direction, or no number.
        GuardError: a metric of the test split.
    """
    if not isinstance(fails, Mapping):
        raise ConfigError(f"fails: expected a mapping, metric -> bound; got {fails!r}")
    problems = Problems()
    for metric, bound in fails.items():
        with problems.of("fails: "):
            refuse_test(metric, "fails decides what counts and")
            check_metric(metric, base, task)
            if higher_is_better(metric) is None:
                raise ConfigError(f"{metric!r} has no known better direction")
            is_number = isinstance(bound, int | float) and not isinstance(bound, bool)
            if not is_number or math.isnan(bound):
                raise ConfigError(f"{metric!r} expects a number; got {bound!r}")
    problems.complain()
    return {metric: float(bound) for metric, bound in fails.items()}


def read_claims(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """Return declared claims.

    Raises:
        ConfigError: something else, or one claim that is in no list.
    """
    # A spec can be gone through too: by its fields.
    if isinstance(claims, Spec) or not isinstance(claims, Iterable):
        raise ConfigError(f"claims: expected a list of claims; got {claims!r}")
    read = tuple(claims)
    for claim in read:
        if not isinstance(claim, CLAIMS):
            raise ConfigError(f"claims: expected claims; got {claim!r}")
    return read


def check_claims(claims: Sequence[Claim], find: Find, task: Task | None) -> None:
    """Refuse claims that these runs cannot answer, and test metrics that would select.

    Args:
        claims: as declared.
        find: factor values -> arm of the design.
        task: where it is known already.

    Raises:
        ConfigError: every arm that is not in the design, metric that is not recorded, and claim
            that is declared twice.
        GuardError: a selection by a test metric.
    """
    problems = Problems()
    seen: set[str] = set()
    keys: set[str] = set()
    for claim in claims:
        with problems.of(f"claim {claim.key or claim_words(claim)['en']!r}: "):
            if claim.id in seen:
                raise ConfigError("declared twice")
            if claim.key in keys:
                raise ConfigError("two claims have this key")
            seen.add(claim.id)
            keys |= {claim.key} - {""}
            if isinstance(claim, Proof):
                continue
            if isinstance(claim, BestArm):
                _check_selection(claim)
            parts = parts_of(claim, find)
            _check_apart(parts)
            for arm in arms_of(parts) if not isinstance(claim, FailureDifference) else ():
                check_metric(claim.metric, arm.run, task)
    problems.complain()


class Problems:
    """Collects what is wrong, so that a user hears of everything at once."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}

    @contextmanager
    def of(self, where: str) -> Iterator[None]:
        """Note a ConfigError of the block, and go on after it."""
        try:
            yield
        except ConfigError as error:
            self._lines[f"{where}{error}"] = None

    def complain(self) -> None:
        """Raise one ConfigError of all that was noted."""
        if self._lines:
            raise ConfigError("; ".join(self._lines))


def _check_apart(parts: Sequence[Part]) -> None:
    """Refuse a claim that names one arm twice: it would compare that arm with itself."""
    seen: set[int] = set()
    # Links of a chain share an arm with the next: only the new one is looked at.
    for arm in [*parts[0].arms, *(part.arms[1] for part in parts[1:])]:
        if id(arm) in seen:
            raise ConfigError(f"expected different arms; got {arm.label!r} twice")
        seen.add(id(arm))


def _check_selection(claim: BestArm) -> None:
    refuse_test(claim.metric, f"claim {claim_words(claim)['en']!r} selects and")
    higher = higher_is_better(claim.metric)
    if higher is not None and higher != claim.higher_is_better:
        raise ConfigError(
            f"higher_is_better: expected {higher} for {claim.metric!r}; "
            f"got {claim.higher_is_better}"
        )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _as_tuple(values: Any) -> tuple[Any, ...]:
    """The values of a list, range or array as plain Python values; empty for anything else."""
    if hasattr(values, "tolist"):
        values = values.tolist()
    if isinstance(values, str | bytes | bytearray | Mapping) or not isinstance(values, Sequence):
        return ()
    return tuple(value.tolist() if hasattr(value, "tolist") else value for value in values)
