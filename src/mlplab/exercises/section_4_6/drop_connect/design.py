"""Dropout behind the activation, in front of it, and on weights; each also at its own rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlplab.exercises import source_setting
from mlplab.exercises.extra_runs import ExtraRuns
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_6.falling_rate import falling
from mlplab.exercises.section_4_6.setting import CHAPTER_RATES, base
from mlplab.exercises.source_setting import FASHION
from mlplab.exercises.tuned import TUNING_SEEDS, best_per_level
from mlplab.experiment import Experiment, Runs
from mlplab.experiment.design import Cell
from mlplab.specs import Difference, First, TaskRef
from mlplab.store import Store

NONE: Mapping[str, Any] = {"net.dropout": (), "net.noise": "none", "net.noise_strength": ()}
AFTER: Mapping[str, Any] = {**NONE, "net.dropout": CHAPTER_RATES}
BEFORE: Mapping[str, Any] = {
    "net.dropout": (),
    "net.noise": "dropout-before",
    "net.noise_strength": CHAPTER_RATES,
}
WEIGHTS: Mapping[str, Any] = {**BEFORE, "net.noise": "drop-connect"}
EACH: Mapping[str, Any] = {**BEFORE, "net.noise": "drop-connect-each"}
ARMS = {"none": NONE, "after": AFTER, "before": BEFORE, "weights": WEIGHTS}
"""At the chapter's rates. Weights are those that give a hidden layer."""
RATES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7)
"""Rates tried for both layers. In front of a ReLU, dropout is what it is behind it."""
TANH = "tanh"
_TASK = TaskRef(name=FASHION, valid=0.1)


def _looked_into(experiment: Experiment, profile: Profile, store: Store) -> Sequence[Cell]:
    return [looked_into(experiment.cells())]


def looked_into(cells: Sequence[Cell]) -> Cell:
    """Return the run on whose weights and images the noise is computed: the first without any."""
    return next(cell for cell in cells if not cell.run.mlp.dropout and cell.run.mlp.noise == "none")


EXTRA_RUNS = [ExtraRuns("weights", "same rates", _looked_into, weights=True)]


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Compare the three at the chapter's rates, and find the rates of two of them."""
    plain, n = base(profile), seeds or profile.n_seeds

    def against(key: str, arm: Mapping[str, Any], than: Mapping[str, Any], expect: Any) -> Any:
        return Difference(key=key, arm=dict(arm), baseline=dict(than), expect=expect)

    return {
        "same rates": Experiment(
            _TASK,
            plain,
            arms=list(ARMS.values()),
            seeds=n,
            claims=(
                against("before_after", BEFORE, AFTER, "same"),
                against("connect_same", WEIGHTS, AFTER, "same"),
                against("connect_gains", WEIGHTS, NONE, "higher"),
            ),
        ),
        "tanh": Experiment(
            _TASK,
            plain.with_value("net.activation", TANH),
            arms=[AFTER, BEFORE],
            seeds=n,
            claims=(against("tanh_same", BEFORE, AFTER, "same"),),
        ),
        # Small: with a mask for each example a step of 784-256-256-10 took 50 times as long.
        "own masks": Experiment(
            _TASK,
            plain.with_value("net.hidden", (64, 64))
            .with_value("rows", First(n=min(source_setting.QUICK_ROWS, profile.pick(2_000, 4_000))))
            .with_value("fit.epochs", profile.pick(10, 30)),
            arms=[NONE, AFTER, WEIGHTS, EACH],
            seeds=n,
            claims=(
                against("each_gains", EACH, WEIGHTS, "higher"),
                against("each_same", EACH, AFTER, "same"),
            ),
        ),
        # At a constant rate, seeds spread by more than rates of dropout differ.
        "rates": Experiment(
            _TASK,
            falling(plain).with_value("fit.test", "never"),
            vary={
                "net.noise": [BEFORE["net.noise"], WEIGHTS["net.noise"]],
                "net.noise_strength": RATES,
            },
            seeds=TUNING_SEEDS[: profile.pick(1, 3)],
        ),
    }


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Compare the two, each at its own rate, and both with no noise."""
    chosen = best_per_level(runs["rates"], ["net.noise"])
    before, weights = (dict(chosen[one["net.noise"],]) for one in (BEFORE, WEIGHTS))
    none = {name: NONE[name] for name in before}

    def against(key: str, arm: Mapping[str, Any], than: Mapping[str, Any], expect: Any) -> Any:
        return Difference(key=key, arm=dict(arm), baseline=dict(than), expect=expect)

    return {
        "own rate": Experiment(
            _TASK,
            falling(base(profile)),
            arms=[none, before, weights],
            seeds=seeds or profile.n_seeds,
            claims=(
                against("own_same", weights, before, "same"),
                against("own_dropout_gains", before, none, "higher"),
                against("own_connect_gains", weights, none, "higher"),
            ),
        )
    }
