"""The source's network beside small ones: log price, bounded features, decay, several members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_10 import folds
from mlplab.exercises.section_4_10.linear import LINEAR, on_folds
from mlplab.exercises.section_4_10.tables import CHAPTER, house_folds
from mlplab.experiment import Experiment
from mlplab.specs import MLP, Adam, AdamW, Block, Fit, Init, Run, Schedule

KEEPS = ("small networks", "submission")

ROBUST: Mapping[str, object] = {"scale": "smooth-clip", "log_skew": 0.75, "rare": 10}
"""The preparation of the small networks."""
SOURCE_LIKE = MLP(
    hidden=(330, 165, 82, 41), dropout=(0.0, 0.2, 0.4, 0.0), init="he-uniform:0.408248"
)
"""The source's network with a ReLU between its last two maps, and torch's first weights."""
SMALL = Run(
    net=MLP(hidden=(128, 64), dropout=(0.1, 0.1)),
    optim=AdamW(lr=0.002, weight_decay=3.0, decay_biases=False, schedule=Schedule(kind="cosine")),
    fit=Fit(epochs=40, batch_size=32, test="never"),
)
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "linear": {"net": MLP(hidden=(), init=Init(kind="zeros"))},
    "little_decay": {"optim.weight_decay": 0.01},
    "no_dropout": {"net.dropout": ()},
    "constant_rate": {"optim.schedule": Schedule()},
}
"""Each changes one thing of the small network; a quick answer tries the first two only."""


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train each network on the same folds, the small ones from several seeds on each."""
    import mlplab.exercises.section_4_10.better_model.source_network  # noqa: F401  # registers it
    from mlplab.specs import Module

    n = seeds or profile.pick(5, 10, 20)
    members = profile.pick(3, 5)
    exact = Module(name="house-source-net")
    source = LINEAR.replace(net=profile.pick(SOURCE_LIKE, exact), optim=Adam(lr=1e-4))
    small = ("declared", "centred log price", ROBUST)
    variants = list(VARIANTS.values())[: profile.pick(2, 4)]
    return {
        "source": on_folds(source.with_value("fit.batch_size", 32), n, "standardised", "price"),
        "small networks": Experiment(
            house_folds(n, *small), SMALL, vary={"rows": folds.fold_blocks(n)}, seeds=members
        ),
        "variants": on_folds(SMALL, n, *small, arms=variants),
        "standardised": on_folds(SMALL, n, "plain", "centred log price", CHAPTER),
        "submission": Experiment(
            house_folds(0, *small),
            SMALL.with_value("rows", Block(n=folds.N_ROWS)),
            seeds=members,
        ),
    }
