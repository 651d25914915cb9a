from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from mlplab.data import Task
from mlplab.errors import ConfigError, Interrupted
from mlplab.experiment import Experiment, Runs
from mlplab.specs import Chain, Difference, Run, Threshold
from mlplab.stats import decide, walk_looks
from mlplab.store import Store

METRIC = "valid_accuracy"
CLEAR = Difference(
    says="clear", arm={"lr": 0.4}, baseline={"lr": 0.1}, metric=METRIC, expect="higher"
)
CLOSE = Difference(
    says="close", arm={"lr": 0.2}, baseline={"lr": 0.1}, metric=METRIC, expect="higher"
)


@pytest.fixture
def noisy_fake(fake: Any, noisy: Callable[..., float]) -> Any:
    """0.4 is far better than 0.1; 0.2 is hardly so, with much noise."""

    def score(run: Run) -> float:
        gain = {0.1: 0.0, 0.2: 0.003, 0.4: 0.2}.get(run.optim.lr, 0.1)
        return 0.7 + gain + 0.02 * noisy(run.seed, run.optim.lr)

    fake.score = score
    return fake


def start(task: Task, *claims: Any, seeds: Any = 8) -> Experiment:
    return Experiment(
        task, vary={"lr": [0.1, 0.2, 0.3, 0.4]}, seeds=seeds, claims=claims, name="looks"
    )


def seeds_per_rate(runs: Runs) -> dict[float, int]:
    return dict(Counter(cell.run.optim.lr for cell in runs.cells))


def test_a_clear_claim_stops_and_an_open_one_goes_on(
    task: Task, store: Store, noisy_fake: Any
) -> None:
    runs = start(task, CLEAR, CLOSE).run(store, backend=noisy_fake.backend, until_decided=True)
    n_close = seeds_per_rate(runs)[0.2]
    assert n_close in (16, 32, 64)
    # The clear claim's arm stops; the baseline goes on with the open claim; 0.3 has no claim.
    assert seeds_per_rate(runs) == {0.1: n_close, 0.2: n_close, 0.3: 8, 0.4: 8}
    assert len(noisy_fake.trained) == len(runs)
    clear, close = runs.verdicts()
    assert (clear.verdict, clear.n_seeds, clear.details["look"]) == ("supported", 8, 1)
    assert clear.level == pytest.approx(1 - 0.05 / 2 * 0.1)
    assert close.n_seeds == n_close


def test_verdicts_are_those_of_the_declared_looks(
    task: Task, store: Store, noisy_fake: Any
) -> None:
    runs = start(task, CLEAR, CLOSE).run(store, backend=noisy_fake.backend, until_decided=True)
    for claim, verdict in zip((CLEAR, CLOSE), runs.verdicts(), strict=True):
        arms = [runs.experiment.find(arm) for arm in (claim.arm, claim.baseline)]
        values = runs.values(METRIC, arms)
        y = values[0] - values[1]
        looked = walk_looks(
            lambda n, share, y=y: decide(y[:n], 0.005, claims=2, spend=share, n_test=500), len(y)
        )
        assert looked.stopped
        assert verdict.verdict == looked.decision.verdict
        assert verdict.interval == pytest.approx((looked.decision.low, looked.decision.high))
        assert verdict.details["look"] == looked.look


def test_more_seeds_in_the_store_change_no_verdict(
    task: Task, store: Store, noisy_fake: Any
) -> None:
    before = start(task, CLEAR, CLOSE).run(
        ":memory:", backend=noisy_fake.backend, until_decided=True
    )
    Experiment(task, vary={"lr": [0.1, 0.2, 0.4]}, seeds=64).run(store, backend=noisy_fake.backend)
    n_trained = len(noisy_fake.trained)
    after = start(task, CLEAR, CLOSE).run(store, backend=noisy_fake.backend, until_decided=True)
    assert after.verdicts() == before.verdicts()
    # Only the arm that the other experiment did not have.
    assert len(noisy_fake.trained) - n_trained == 8
    assert after.from_store == len(after) - 8


def test_the_same_call_continues_after_an_interruption(
    task: Task, store: Store, noisy_fake: Any
) -> None:
    whole = start(task, CLEAR, CLOSE).run(
        ":memory:", backend=noisy_fake.backend, until_decided=True
    )
    noisy_fake.stop_after = 5
    interruptions = 0
    while interruptions < 100:
        try:
            runs = start(task, CLEAR, CLOSE).run(
                store, backend=noisy_fake.backend, until_decided=True
            )
            break
        except Interrupted:
            interruptions += 1
    assert interruptions > 5
    assert runs.verdicts() == whole.verdicts()
    assert {key: runs.outcomes[key] for key in runs.outcomes} == whole.outcomes


def test_the_links_of_a_chain_stop_on_their_own(task: Task, store: Store, noisy_fake: Any) -> None:
    chain = Chain(says="c", arms=({"lr": 0.4}, {"lr": 0.2}, {"lr": 0.1}), metric=METRIC)
    runs = start(task, chain).run(store, backend=noisy_fake.backend, until_decided=True)
    (verdict,) = runs.verdicts()
    assert verdict.parts[0].n_seeds == 8
    assert verdict.parts[1].n_seeds > 8
    assert seeds_per_rate(runs)[0.4] == 8


def test_an_earlier_undeclared_look_is_told(task: Task, store: Store, noisy_fake: Any) -> None:
    start(task, CLEAR).run(store, backend=noisy_fake.backend).verdicts()
    runs = start(task, CLEAR).run(store, backend=noisy_fake.backend, until_decided=True)
    assert "after 1 unprotected look" in runs.verdicts()[0].note
    clean = start(task, CLEAR).run(":memory:", backend=noisy_fake.backend, until_decided=True)
    assert clean.verdicts()[0].note == ""


def test_listed_seeds_are_looked_at_in_their_order(
    task: Task, store: Store, noisy_fake: Any
) -> None:
    seeds = list(range(100, 120))
    runs = start(task, CLOSE, seeds=seeds).run(
        store, backend=noisy_fake.backend, until_decided=True
    )
    assert seeds_per_rate(runs)[0.2] in (8, 16)
    assert {cell.seed for cell in runs.cells} <= set(seeds[:16])


def test_one_look_at_the_test_split_is_logged(task: Task, store: Store, noisy_fake: Any) -> None:
    runs = start(task, CLEAR, CLOSE).run(store, backend=noisy_fake.backend, until_decided=True)
    (look,) = store.looks()
    assert look["n_runs"] == len(runs)


def test_there_must_be_something_to_decide(task: Task, store: Store, fake: Any) -> None:
    with pytest.raises(
        ConfigError, match="expected claims to decide; the experiment declares none"
    ):
        start(task).run(store, backend=fake.backend, until_decided=True)
    claim = Threshold(says="t", arm={"lr": 0.1}, value=0.5, expect="higher", metric=METRIC)
    with pytest.raises(ConfigError, match="the first look is at 8 seeds; got 5"):
        start(task, claim, seeds=[1, 2, 3, 4, 5]).run(
            store, backend=fake.backend, until_decided=True
        )
    assert fake.trained == []
