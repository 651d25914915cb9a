"""What the source ran in 4.2.2 to 4.3.1 is run, and what is compared differs in one thing."""

from __future__ import annotations

import numpy as np
import pytest

from mlplab.exercises import PROFILES, answer, get_exercise
from mlplab.exercises.section_4_2.learning_rate.design import SOURCE_RATES, constant
from mlplab.exercises.section_4_2.learning_rate.measure import rises
from mlplab.store import Store


@pytest.fixture(scope="module")
def found(tmp_path_factory, few_images):
    """Answer an exercise from a store that all tests share."""
    store = Store(tmp_path_factory.mktemp("store") / "runs.sqlite")
    return lambda name: answer(get_exercise(name), "quick", seeds=3, store=store, workers=1)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_the_sources_decay_is_run_as_it_states_it(profile):
    source = get_exercise("4.2.3").design(profile, None)["source"]
    (claim,) = source.claims
    run, steady = (source.find(arm).run for arm in (claim.arm, claim.baseline))
    assert (run.optim.lr, run.fit.epochs, run.fit.last_batch) == (0.1, 20, "keep")
    factors = [run.optim.schedule.factor(epoch, 20) for epoch in range(20)]
    assert factors == pytest.approx([0.98**epoch for epoch in range(20)])
    assert steady.replace(optim=run.optim) == run
    assert {arm.run.optim.lr for arm in source.design} == set(SOURCE_RATES)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_what_counts_as_decaying_ends_below_its_highest_rate(profile):
    decaying = get_exercise("4.2.3").design(profile, None)["decaying"]
    for arm in decaying.design:
        schedule, epochs = arm.run.optim.schedule, arm.run.fit.epochs
        stalled = [1.0] * epochs  # the losses of a run that gains nothing
        factors = [
            factor for e in range(epochs) for factor in schedule.factors(e, epochs, 10, stalled)
        ]
        assert factors[-1] < max(factors)


def test_rises_are_counted_from_the_recorded_losses(found):
    source = found("4.2.3").runs["source"]
    frame = source.frame()
    for rate in SOURCE_RATES:
        arm = source.experiment.find(constant(rate)).label
        rows = frame[frame["arm"] == arm]
        losses = [part.sort_values("epoch")["train_loss"] for _, part in rows.groupby("seed")]
        expected = [int((np.diff(loss) > 0).sum()) for loss in losses]
        assert rises(source, rate).tolist() == expected


def test_finalists_of_the_joint_search_start_alike_where_they_are_compared(found):
    finalists = found("4.2.4").runs["finalists"].experiment
    better, init = (next(c for c in finalists.claims if c.key == key) for key in ("better", "init"))
    kinds = [finalists.find(arm).run.mlp.init.kind for arm in (better.arm, better.baseline)]
    assert kinds == ["he", "he"]
    he, published = (finalists.find(arm).run for arm in (init.arm, init.baseline))
    assert he.with_value("net.init", published.mlp.init) == published
    assert len({arm.run for arm in finalists.design}) == len(finalists.design)


@pytest.mark.parametrize(("name", "keys"), [
    ("4.2.2", ("deeper_own", "deeper_own_published")), ("4.3.1", ("two", "four")),
])  # fmt: skip
def test_depths_at_rates_of_their_own_start_from_the_same_weights(name, keys, found):
    for runs in found(name).runs.values():
        for claim in runs.experiment.claims:
            if claim.key in keys:
                arms = getattr(claim, "arms", None) or (claim.arm, claim.baseline)
                nets = [runs.experiment.find(arm).run.mlp for arm in arms]
                assert len({net.init for net in nets}) == 1
                assert len({len(net.hidden) for net in nets}) == len(nets)


def test_the_sources_rates_are_in_the_standard_grid():
    grid = get_exercise("4.3.1").design(PROFILES["standard"], None)["grid"]
    rates = {arm.run.optim.lr for arm in grid.design}
    assert {1e-4, 1e-3, 0.01, 0.1, 1.0, 10.0} <= rates
    for rate in np.logspace(-4, 2, 5):
        assert min(abs(rate / one - 1) for one in rates) < 0.01
