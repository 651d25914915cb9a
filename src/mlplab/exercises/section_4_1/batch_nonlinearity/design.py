"""Without a norm, with batch norm and with layer norm, in batches of 2 to 256."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlplab.exercises import source_setting
from mlplab.exercises.extra_runs import ExtraRuns
from mlplab.exercises.profile import Profile
from mlplab.experiment import Experiment
from mlplab.experiment.design import Cell
from mlplab.specs import Difference, First, Interaction, TaskRef
from mlplab.store import Store

NORMS = ("none", "batch", "layer")
REFERENCE = 64
"""The batch size that small ones are compared with."""
L2, L1 = 0.01, 0.0001
"""Penalties that the source names as remedies; it gives no strength."""


def normed(norm: str, size: int) -> dict[str, Any]:
    """Return an arm; its rate is proportional to the batch size, so an epoch goes equally far."""
    return {"net.norm": norm, "fit.batch_size": size, "optim.lr": 0.1 * size / REFERENCE}


def _looked_into(experiment: Experiment, profile: Profile, store: Store) -> Sequence[Cell]:
    from mlplab.exercises.section_4_1.batch_nonlinearity.batch_spread import cells_looked_into

    return cells_looked_into(experiment.cells(), experiment, profile)


EXTRA_RUNS = [ExtraRuns("weights", "norms", _looked_into, weights=True)]


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train every norm at every batch size, on the same rows by seed."""
    sizes = profile.pick((2, 4, 16, 64, 256), (2, 4, 8, 16, 64, 256))
    rows = min(source_setting.QUICK_ROWS, profile.pick(1500, 5000))
    base = source_setting.comparable(profile).with_value("net.init", "he")
    batch, two = normed("batch", REFERENCE), normed("batch", 2)
    layer, none = normed("layer", REFERENCE), normed("none", REFERENCE)

    def against(
        key: str,
        arm: Mapping[str, Any],
        baseline: Mapping[str, Any],
        expect: str,
        metric: str = "test_accuracy",
        matters: float = 0.005,
    ) -> Difference:
        return Difference(
            key=key, arm=arm, baseline=baseline, expect=expect, metric=metric, matters=matters
        )

    claims = (
        against("loses", two, batch, "lower"),
        Interaction(
            key="only",
            both=two,
            only_a=normed("layer", 2),
            only_b=batch,
            neither=layer,
            expect="lower",
        ),
        against("same", batch, layer, "same"),
        against("information", batch, none, "lower", "train_accuracy"),
        against("updates", two, batch, "higher", "train_loss", 0.05),
        against("overfits", two, batch, "higher", "train_accuracy"),
        against("plain", normed("none", 2), none, "same"),
        against("larger", normed("batch", 256), batch, "higher"),
        against("helps", batch, none, "higher"),
    )
    task, base = (
        TaskRef(name=source_setting.FASHION, valid=0.1),
        base.with_value("rows", First(n=rows)),
    )
    unpenalised = {**two, "optim.weight_decay": 0.0, "optim.l1": 0.0}
    decayed, sparse = {**unpenalised, "optim.weight_decay": L2}, {**unpenalised, "optim.l1": L1}
    return {
        "norms": Experiment(
            task,
            base,
            arms=[normed(norm, size) for norm in NORMS for size in sizes],
            seeds=seeds or profile.n_seeds,
            claims=claims,
        ),
        "penalties": Experiment(
            task,
            base,
            arms=[unpenalised, decayed, sparse],
            seeds=seeds or profile.n_seeds,
            claims=(
                against("decay", decayed, unpenalised, "higher"),
                against("sparse", sparse, unpenalised, "higher"),
            ),
        ),
    }
