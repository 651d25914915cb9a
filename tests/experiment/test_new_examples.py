"""Two intervals on a claim about test accuracy: on this test set, and on new examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.engine import made_modules  # noqa: F401  (registers them)

import mlplab as ml
from mlplab.data import Task
from mlplab.errors import ConfigError, GuardError
from mlplab.experiment import Experiment, Runs
from mlplab.specs import Provenance
from mlplab.stats import mean_interval, new_examples_interval, unpack_correct
from mlplab.store import Store

LOW, MID, HIGH = {"lr": 0.1}, {"lr": 0.2}, {"lr": 0.4}
SCOPES = ("this test set", "new examples")
LACKING = "the runs kept no answers per example"


def difference(scope: Any = "this test set", arm: Any = HIGH, **more: Any) -> ml.Difference:
    return ml.Difference(says=scope, arm=arm, baseline=LOW, expect="higher", scope=scope, **more)


def declare(task: Task, *claims: Any, **more: Any) -> Experiment:
    more = {"vary": {"lr": [0.1, 0.2, 0.4]}, "seeds": 8, "name": "x", **more}
    return Experiment(task, claims=claims, **more)


def bits(runs: Runs, *arms: Any) -> np.ndarray:
    """Right answers, (arms, seeds, examples)."""
    n_test = runs.experiment.data.n_test
    found = [runs.table.outcomes(runs.experiment.find(arm)) for arm in arms]
    return np.stack(
        [unpack_correct([one.correct["test"] for one in row.values()], n_test) for row in found]
    ).astype(float)


@pytest.mark.parametrize(
    ("base", "path"),
    [
        (ml.Run(net=ml.MLP(hidden=(8,))), "compiled loop"),
        (ml.Run(net=ml.MLP(hidden=(8,), norm="batch")), "stack"),
        (ml.Run(net=ml.Module(name="two-linear")), "module"),
    ],
)
def test_every_path_keeps_the_answers_that_its_accuracy_counts(
    base: ml.Run, path: str, tmp_path: Path
) -> None:
    fit = ml.Fit(epochs=3, batch_size=128, patience=1)
    experiment = Experiment(
        ml.load_task("digits", valid=0.2),
        base.replace(fit=fit),
        {"lr": [0.02, 0.2]},
        seeds=2,
        claims=[ml.Threshold(says="good", arm={"lr": 0.2}, value=0.5, expect="higher")],
    )
    file = tmp_path / "store.sqlite"
    assert all(path in one for one in experiment.plan(file).paths)
    trained = experiment.run(file, workers=1)
    remembered = experiment.run(file, workers=1)
    assert remembered.from_store == 4
    n_test = experiment.data.n_test
    for key, outcome in trained.outcomes.items():
        right = unpack_correct([outcome.correct["test"]], n_test)
        assert right.mean() == pytest.approx(outcome.last("test_accuracy"), abs=1e-12)
        assert remembered.outcomes[key].correct == outcome.correct


def test_no_answers_are_kept_that_no_claim_is_about(task: Task, store: Store, fake: Any) -> None:
    claim = difference(metric="valid_accuracy")
    runs = declare(task, claim).run(store, backend=fake.backend)
    assert not any(outcome.correct for outcome in runs.outcomes.values())
    (verdict,) = runs.verdicts()
    assert (verdict.new_examples, verdict.note) == (None, "")


@pytest.mark.parametrize("scope", SCOPES)
def test_both_intervals_are_told_and_the_scope_says_which_decides(
    scope: Any, task: Task, store: Store, fake: Any
) -> None:
    runs = declare(task, difference(scope)).run(store, backend=fake.backend)
    (verdict,) = runs.verdicts()
    high, low = bits(runs, HIGH, LOW)
    wide = new_examples_interval(high - low)
    values = runs.values("test_accuracy", [runs.arms[2], runs.arms[0]])
    seeds = mean_interval(values[0] - values[1], n_test=task.n_test)
    assert verdict.scope == scope
    assert verdict.new_examples == pytest.approx((wide.low, wide.high))
    if scope == "new examples":
        assert verdict.interval == verdict.new_examples
        assert verdict.this_test_set == pytest.approx((seeds.low, seeds.high))
        assert verdict.p == pytest.approx(float(wide.p))
    else:
        assert verdict.interval == pytest.approx((seeds.low, seeds.high))
        assert verdict.this_test_set is None
        assert verdict.p == pytest.approx(float(seeds.p))


def test_thresholds_chains_and_interactions_have_both(task: Task, store: Store, fake: Any) -> None:
    claims = [
        ml.Threshold(says="t", arm=HIGH, value=0.8, expect="higher"),
        ml.Chain(says="c", arms=(HIGH, MID, LOW)),
        ml.Interaction(
            says="i",
            both={"lr": 0.4, "hidden": (32,)},
            only_a=HIGH,
            only_b={"lr": 0.1, "hidden": (32,)},
            neither=LOW,
            expect="same",
        ),
    ]
    vary = {"lr": [0.1, 0.2, 0.4], "hidden": [(256,), (32,)]}
    runs = declare(task, *claims, vary=vary).run(store, backend=fake.backend)
    threshold, chain, interaction = runs.verdicts()
    one = new_examples_interval(bits(runs, HIGH)[0], ends=(0, 1), claims=4)
    assert threshold.new_examples == pytest.approx((one.low - 0.8, one.high - 0.8))
    links = bits(runs, HIGH, MID, LOW)
    for link, first, second in zip(chain.parts, links, links[1:], strict=False):
        wide = new_examples_interval(first - second, claims=4)
        assert link.new_examples == pytest.approx((wide.low, wide.high))
    assert chain.new_examples in [link.new_examples for link in chain.parts]
    both, only_a, only_b, neither = bits(
        runs, claims[2].both, claims[2].only_a, claims[2].only_b, claims[2].neither
    )
    wide = new_examples_interval(both - only_a - only_b + neither, claims=4)
    assert interaction.new_examples == pytest.approx((wide.low, wide.high))


def test_runs_without_answers_are_used_and_told(task: Task, store: Store, fake: Any) -> None:
    declare(task).run(store, backend=fake.backend)
    runs = declare(task, difference()).run(store, backend=fake.backend)
    assert runs.from_store == 24
    (verdict,) = runs.verdicts()
    assert (verdict.new_examples, verdict.note) == (None, LACKING)
    # Comparisons that nobody declared have nothing to miss.
    assert {one.note for one in runs.compare("lr", "test_accuracy")} == {""}


def test_new_examples_train_again_what_kept_no_answers(task: Task, store: Store, fake: Any) -> None:
    fake.diverges = lambda run: run.optim.lr == 0.4 and run.seed == 7
    before = declare(task).run(store, backend=fake.backend)
    experiment = declare(task, difference("new examples"))
    # The arm at 0.2 is in no claim, and a diverged run has no answers.
    assert len(experiment.plan(store).remaining) == 15
    runs = experiment.run(store, backend=fake.backend)
    assert {run.optim.lr for run in fake.trained[24:]} == {0.1, 0.4}
    assert runs.from_store == 9
    assert runs.frame().equals(before.frame())
    again = experiment.run(store, backend=fake.backend)
    assert again.from_store == 24
    (verdict,) = again.verdicts()
    assert verdict == runs.verdicts()[0]
    assert verdict.interval == verdict.new_examples


def test_answers_of_two_machines_are_found(task: Task, store: Store, make_fake: Any) -> None:
    here, there = make_fake(), make_fake(provenance=Provenance("other", "0", "exact", "1"))
    for machine in (here, there):
        with Store(":memory:") as own:
            found = declare(task).run(own, backend=machine.backend)
        store.put(list(found.outcomes.values()))
    experiment = declare(task, difference("new examples"))
    experiment.run(store, backend=here.backend)
    assert len(here.trained) == 24 + 16
    experiment.run(store, backend=here.backend)
    assert len(here.trained) == 24 + 16, "trained again what had its answers"


def test_until_decided_looks_at_new_examples(task: Task, store: Store, fake: Any) -> None:
    experiment = declare(task, difference("new examples"))
    runs = experiment.run(store, backend=fake.backend, until_decided=True)
    (verdict,) = runs.verdicts()
    seeds = verdict.n_seeds
    high, low = bits(runs, HIGH, LOW)
    share = {8: 0.1, 16: 0.2, 32: 0.3, 64: 0.4}[seeds]
    wide = new_examples_interval((high - low)[:seeds], spend=share)
    assert verdict.interval == pytest.approx((wide.low, wide.high))


def test_a_backend_that_keeps_nothing_cannot_decide(task: Task, store: Store, fake: Any) -> None:
    plain = fake.backend

    def forgetful(*args: Any, keep_correct: bool, **settings: Any) -> Any:
        return plain.execute(*args, **settings)

    backend = type(plain)(forgetful, plain.provenance, plain.plan_cost, plain.predict)
    runs = declare(task, difference("new examples")).run(store, backend=backend)
    with pytest.raises(ConfigError, match="scope: 'new examples' needs runs whose backend"):
        runs.verdicts()


def test_the_scope_is_part_of_a_claim_and_its_default_of_no_id() -> None:
    assert "scope" not in difference().canonical()
    assert difference().id != difference("new examples").replace(says="this test set").id


def test_only_answers_to_test_examples_speak_of_new_ones(task: Task) -> None:
    with pytest.raises(ConfigError, match="needs metric 'test_accuracy'; got 'test_loss'"):
        difference("new examples", metric="test_loss")
    with pytest.raises(ConfigError, match="got 'valid_accuracy'"):
        ml.BestArm(says="b", arm=HIGH, arms=(HIGH, LOW), scope="new examples")
    best = ml.BestArm(
        says="b", arm=HIGH, arms=(HIGH, LOW), metric="test_accuracy", scope="new examples"
    )
    with pytest.raises(GuardError, match="may not look at 'test_accuracy'"):
        declare(task, best)
