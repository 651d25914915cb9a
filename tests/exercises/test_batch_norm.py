"""4.1.4: what is proved is checked another way; what is told of networks is that of the runs."""

from __future__ import annotations

import numpy as np
import pytest

import mlplab as ml
from mlplab.exercises import PROFILES, get_exercise
from mlplab.exercises.section_4_1.batch_nonlinearity.batch_spread import (
    in_random_batches,
    members,
    wander,
)
from mlplab.exercises.section_4_1.batch_nonlinearity.design import NORMS, normed
from mlplab.exercises.section_4_1.batch_nonlinearity.prove import (
    normalised,
    prove,
    spread_exactly,
)
from mlplab.specs import TaskRef
from mlplab.store import Store


def test_every_statement_holds():
    found = prove()
    assert [one.key for one in found if one.holds] == [
        "affine",
        "two",
        "bound",
        "law",
        "layer",
        "elementwise",
    ]


def test_the_exact_spread_is_that_of_simulated_batches():
    rng = np.random.default_rng(0)
    mates, chances, z, size = np.array([-1.0, 0.2, 2.0]), np.array([0.3, 0.5, 0.2]), 0.7, 12
    drawn = rng.choice(mates, p=chances, size=(200_000, size - 1))
    batches = np.concatenate([np.full((len(drawn), 1), z), drawn], axis=1)
    simulated = normalised(batches)[:, 0].std()
    assert spread_exactly(z, mates, chances, size) == pytest.approx(simulated, rel=0.01)


def test_an_epoch_goes_equally_far_whatever_the_batch():
    for profile in PROFILES.values():
        design = get_exercise("4.1.4").design(profile, None)["norms"].design
        far = {round(arm.run.optim.lr / arm.run.fit.batch_size, 12) for arm in design}
        assert len(far) == 1
        # The same seeds, rows and batch sizes for every norm.
        assert len({arm.run.rows for arm in design}) == 1
        sizes = {norm: set() for norm in NORMS}
        for arm in design:
            sizes[arm.run.net.norm].add(arm.run.fit.batch_size)
        assert len(set(map(frozenset, sizes.values()))) == 1
        assert {2, 64, 256} <= sizes["batch"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store") / "runs.sqlite")
    runs = ml.Experiment(
        TaskRef(name="digits", valid=0.3),
        ml.Run(net=ml.MLP(hidden=(32,)), fit=ml.Fit(epochs=3, test="never")),
        arms=[normed("batch", 4), normed("batch", 64), normed("layer", 64), normed("none", 64)],
        seeds=3,
    ).run(store, workers=1)
    return runs, members(runs, PROFILES["quick"])


def test_networks_are_those_of_the_first_seeds_with_a_norm(trained):
    found = [(one.norm, one.size, one.seed) for one in trained[1]]
    wanted = [(n, s, seed) for n, s in [("batch", 4), ("batch", 64), ("layer", 64)]
              for seed in (0, 1)]  # fmt: skip
    assert sorted(found) == sorted(wanted)


def test_evaluation_gives_the_accuracy_that_the_run_recorded(trained):
    runs, found = trained
    frame = runs.frame(last=True)
    for one in found:
        z, classes = one.valid
        row = frame[(frame["net.norm"] == one.norm) & (frame["fit.batch_size"] == one.size)]
        recorded = float(row[row["seed"] == one.seed]["valid_accuracy"].iloc[0])
        # Single against double precision: at most one example on the edge.
        here = float((one.net.evaluated(z).argmax(1) == classes).mean())
        assert here == pytest.approx(recorded, abs=1.01 / len(z))


def test_random_batches_change_batch_norm_only(trained):
    for one in trained[1]:
        z, classes = one.valid
        evaluated = float((one.net.evaluated(z).argmax(1) == classes).mean())
        pairs = in_random_batches(one, 2)
        if one.norm == "layer":
            # Images that fill the last batch are counted twice.
            assert pairs == pytest.approx(evaluated, abs=2 / len(z))
        else:
            assert pairs < evaluated


def test_the_spread_falls_and_meets_its_law(trained):
    one = next(one for one in trained[1] if (one.norm, one.size) == ("batch", 64))
    found = wander(one).set_index("size")
    assert found["measured"].is_monotonic_decreasing
    assert found["flips"].between(0, 1).all()
    assert found["flips"][2] > found["flips"][256]
    assert found["measured"][256] == pytest.approx(found["law"][256], rel=0.1)
