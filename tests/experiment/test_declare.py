from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlplab.data import Task, task_from_arrays
from mlplab.errors import ConfigError, GuardError
from mlplab.experiment import Experiment, folds
from mlplab.specs import BestArm, Chain, Difference, Fit, Interaction, Proof, Run, Threshold

VARY = {"lr": [0.1, 0.2]}


def difference(metric: str = "test_accuracy", **arm: Any) -> Difference:
    return Difference(
        says="better", arm=arm or {"lr": 0.2}, baseline={"lr": 0.1}, metric=metric, expect="higher"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"vary": {"learning": [1]}}, "vary: no field 'learning' in this run"),
        ({"vary": {"lrr": [1]}}, "did you mean 'lr'"),
        ({"vary": {"net.width": [1]}}, "'net.width': no field 'width' in MLP; known: hidden"),
        ({"vary": {"lr": 0.1}}, "'lr' expects a list of values; got 0.1"),
        ({"vary": {"activation": "relu"}}, "'activation' expects a list of values; got 'relu'"),
        ({"vary": {"lr": []}}, r"'lr' expects a list of values; got \[\]"),
        ({"vary": {"lr": [0.1], "optim.lr": [0.2]}}, "'optim.lr' is given twice"),
        ({"vary": {"seed": [1]}}, "'seed' is no factor: give the experiment `seeds`"),
        ({"vary": {"task.valid": [1]}}, "'task.valid' is no factor"),
        ({"vary": ["lr"]}, "vary: expected a mapping"),
        ({"arms": [{"lrr": 1}]}, "arms: no field 'lrr'"),
        ({"arms": ["lr=1"]}, "arms: expected mappings"),
        ({"seeds": 0}, "seeds: expected at least 1; got 0"),
        ({"seeds": []}, "seeds: expected a number"),
        ({"seeds": [1, 2, 1]}, "seeds: expected each once; got 1 twice"),
        (
            {"seeds": [-1]},
            r"seeds: expected a number, or whole numbers from 0 to 2\*\*63 - 1; got \[-1\]",
        ),
        ({"seeds": [0.5]}, "seeds: expected a number"),
        ({"seeds": "12"}, "seeds: expected a number"),
        ({"seeds": True}, "seeds: expected a number"),
        ({"task": 3}, "task: expected a Task or the name of one; got 3"),
        ({"base": MemoryError}, "base: expected a Run"),
        ({"claims": ["A > B"]}, "claims: expected claims; got 'A > B'"),
    ],
)
def test_mistakes_are_reported_at_once(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Experiment(**{"task": "digits", **given})


def test_every_unknown_factor_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        Experiment("digits", vary={"lrr": [1], "hiden": [2]})
    assert "did you mean 'lr'" in str(caught.value)
    assert "did you mean 'hidden'" in str(caught.value)


def test_seeds_are_a_number_or_a_list() -> None:
    assert Experiment("digits", seeds=3).seeds == (0, 1, 2)
    assert Experiment("digits", seeds=range(5, 7)).seeds == (5, 6)
    assert Experiment("digits", seeds=np.array([9, 2])).seeds == (9, 2)


def test_an_experiment_cannot_be_changed() -> None:
    experiment = Experiment("digits")
    with pytest.raises(AttributeError):
        experiment.seeds = (1,)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (difference(lr=0.3), "claim 'better': arm 'optim.lr=0.3' is not in the design"),
        (difference("test_acuracy"), "record no 'test_acuracy'; did you mean 'test_accuracy'"),
        (difference("speed"), "these runs record no 'speed'"),
        (difference("test_rmse"), "these runs record no 'test_rmse'"),
        (difference("grad_norm"), "these runs record no 'grad_norm'"),
    ],
)
def test_claims_that_the_runs_cannot_answer_are_refused(
    task: Task, claim: Difference, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Experiment(task, vary=VARY, claims=[claim])


def test_every_claim_that_does_not_fit_is_named(task: Task) -> None:
    with pytest.raises(ConfigError) as caught:
        Experiment(task, vary=VARY, claims=[difference(lr=0.3), difference("test_rmse")])
    assert "lr=0.3" in str(caught.value)
    assert "test_rmse" in str(caught.value)


def test_a_claim_declared_twice_is_refused(task: Task) -> None:
    with pytest.raises(ConfigError, match="claim 'better': declared twice"):
        Experiment(task, vary=VARY, claims=[difference(), difference()])


@pytest.mark.parametrize(
    "claim",
    [
        difference(lr=0.1),
        Difference(says="the base", arm={"lr": 0.1}, baseline={}, expect="same"),
        Chain(says="in a ring", arms=({"lr": 0.1}, {"lr": 0.2}, {"lr": 0.1})),
        BestArm(says="of one", arm={"lr": 0.1}, arms=({"lr": 0.2}, {"lr": 0.2})),
        Interaction(
            says="of three", expect="same", both={"lr": 0.2}, only_a={"lr": 0.1},
            only_b={"lr": 0.1}, neither={"lr": 0.2},
        ),
    ],
    ids=lambda claim: claim.says,
)  # fmt: skip
def test_a_claim_that_compares_an_arm_with_itself_is_refused(claim: Any) -> None:
    with pytest.raises(ConfigError, match="expected different arms; got 'lr="):
        Experiment("digits", vary=VARY, claims=[claim])


@pytest.mark.parametrize("name", ["a\ud800", "a\0b", " ", 5])
def test_a_name_that_no_store_can_keep_is_refused(name: Any) -> None:
    with pytest.raises(ConfigError, match=r"^name: expected"):
        Experiment("digits", name=name)
    if isinstance(name, str) and name.strip():
        with pytest.raises(ConfigError, match="says: expected"):
            difference().replace(says=name)


@pytest.mark.parametrize("seeds", [np.int64(3), np.arange(3), [np.int64(0), 1, 2]])
def test_seeds_of_numpy_are_seeds(seeds: Any) -> None:
    experiment = Experiment("digits", seeds=seeds)
    assert experiment.seeds == (0, 1, 2)
    assert {type(seed) for seed in experiment.seeds} == {int}


def test_so_many_seeds_that_they_fill_the_memory_are_refused() -> None:
    for seeds in (10**12, range(10**20)):
        with pytest.raises(ConfigError, match="at most 10000000"):
            Experiment("digits", seeds=seeds)


def test_a_claim_about_the_test_split_needs_one() -> None:
    X, y = np.zeros((20, 2)), np.arange(20) % 2
    without = task_from_arrays(X, y, valid=5)
    with pytest.raises(ConfigError, match="'test_accuracy' needs a test split"):
        Experiment(without, vary=VARY, claims=[difference()])
    with pytest.raises(ConfigError, match=r"needs fit\.test='end'; got fit\.test='never'"):
        Experiment("digits", Run(fit=Fit(test="never")), VARY, claims=[difference()])


def test_a_claim_about_validation_needs_rows_for_it(task: Task) -> None:
    claim = difference("valid_accuracy")
    with pytest.raises(ConfigError, match="holds none out; try load_task"):
        Experiment(task.with_valid(0), vary=VARY, claims=[claim])
    fold = Run(rows=folds(4)[1])
    assert Experiment(task.with_valid(0), fold, VARY, claims=[claim]).claims == (claim,)


def test_a_task_by_name_is_checked_when_it_is_loaded() -> None:
    experiment = Experiment("digits", vary=VARY, claims=[difference("valid_accuracy")])
    with pytest.raises(ConfigError, match=r"try load_task\('digits', valid=0.1\)"):
        experiment.runs()


def test_the_test_split_may_not_select(task: Task) -> None:
    arms = ({"lr": 0.1}, {"lr": 0.2})
    best = BestArm(says="0.2 is best", metric="test_accuracy", arm={"lr": 0.2}, arms=arms)
    with pytest.raises(GuardError, match="may not look at 'test_accuracy': choose by 'valid_acc"):
        Experiment(task, vary=VARY, claims=[best])
    Experiment(task, vary=VARY, claims=[best.replace(metric="valid_accuracy")])
    with pytest.raises(ConfigError, match="higher_is_better: expected False for 'valid_loss'"):
        Experiment(task, vary=VARY, claims=[best.replace(metric="valid_loss")])


def test_claims_of_numbers_and_proofs_need_no_more(task: Task) -> None:
    claims = [
        Threshold(says="good", arm={"lr": 0.1}, value=0.8, expect="higher"),
        Proof(says="1 + 1 = 2"),
    ]
    assert Experiment(task, vary=VARY, claims=claims).claims == tuple(claims)
