"""Losses at fixed seeds, one for each optimiser: a refactoring keeps them, a change says so."""

from __future__ import annotations

import pytest
from tests.engine.population import made_up, of, trained

from mlplab.specs import MLP, SGD, Adam, AdamW, Fit

# Double precision, so that they hold to nine digits on any machine. Computed by this engine and
# equal to torch.optim's (see test_optimisers); a new number is a new engine version.
GOLDEN = {
    "sgd": (SGD(lr=0.1, weight_decay=0.01), (1.264853919137, 1.252006011615)),
    "momentum": (SGD(lr=0.1, momentum=0.9, schedule="cosine"), (1.127945720683, 1.398587973928)),
    "adam": (Adam(lr=0.01, schedule="step:2,0.5"), (1.350600660625, 1.240988951603)),
    "adamw": (
        AdamW(lr=0.01, weight_decay=0.1, schedule="exponential:0.8"),
        (1.358933037546, 1.233595224091),
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_losses_at_a_fixed_seed(name):
    optim, expected = GOLDEN[name]
    task = made_up(n=64, features=6, outputs=3, valid=0.25, dtype="float64")
    run = of(task, net=MLP(hidden=(9, 5), dropout=0.2, activation="tanh"), optim=optim, seed=11,
             fit=Fit(epochs=3, batch_size=10, last_batch="keep", dtype="float64"))  # fmt: skip
    history = trained([run], task)[run.key].outcome.history
    found = [history["train_loss"][-1], history["valid_loss"][-1]]
    assert found == pytest.approx(expected, rel=1e-9)
