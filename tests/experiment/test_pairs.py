"""The numbers that verdicts rest on, and the figure that shows both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from mlplab.data import Task
from mlplab.draw import paired_differences
from mlplab.errors import ConfigError
from mlplab.experiment import Experiment, Runs
from mlplab.specs import BestArm, Chain, Difference, Interaction, Proof, Run, Threshold
from mlplab.store import Store

METRIC = "valid_accuracy"
LOW, MID, HIGH = {"lr": 0.1, "hidden": 16}, {"lr": 0.2, "hidden": 16}, {"lr": 0.4, "hidden": 16}
WIDE = {"lr": 0.1, "hidden": 64}
CLAIMS = (
    Difference(says="d", arm=HIGH, baseline=LOW, expect="higher", metric=METRIC),
    Threshold(says="t", arm=LOW, value=0.8, expect="higher", metric=METRIC),
    Interaction(
        says="i", both=WIDE, only_a=LOW, only_b=HIGH, neither=MID, expect="same", metric=METRIC
    ),
    Chain(says="c", arms=(HIGH, MID, LOW), metric=METRIC),
)
CHOICE = BestArm(says="b", arm=HIGH, arms=(LOW, HIGH), metric=METRIC)


@pytest.fixture
def decide(task: Task, store: Store, fake: Any) -> Callable[..., Runs]:
    def run(*claims: Any, until_decided: bool = False, seeds: Any = 8) -> Runs:
        vary = {"lr": [0.1, 0.2, 0.4], "hidden": [16, 64]}
        experiment = Experiment(task, None, vary, seeds=seeds, claims=claims, name="x")
        return experiment.run(store, backend=fake.backend, until_decided=until_decided)

    return run


def test_verdicts_are_those_of_the_pairs(decide: Callable[..., Runs], fake: Any) -> None:
    fake.diverges = lambda run: run.seed == 3 and run.optim.lr == 0.4
    runs = decide(*CLAIMS, CHOICE, Proof(says="p"))
    frame = runs.pairs()
    assert list(frame) == ["claim", "seed", "difference"]
    links = [link for verdict in runs.verdicts() for link in verdict.parts or (verdict,)]
    told = {link.id for link in links if link.effect is not None and link.says != CHOICE.says}
    assert set(frame["claim"]) == told
    for name, part in frame.groupby("claim"):
        verdict = next(link for link in links if link.id == name)
        y = part["difference"].to_numpy()
        assert verdict.effect == pytest.approx(y.mean())
        assert verdict.n_seeds == len(y)
        half = stats.t.ppf((1 + verdict.level) / 2, len(y) - 1) * y.std(ddof=1) / np.sqrt(len(y))
        assert verdict.interval == pytest.approx((y.mean() - half, y.mean() + half))
    first = runs.verdicts()[0]
    assert 3 not in set(frame.loc[frame["claim"] == first.id, "seed"])


def test_seeds_are_those_of_the_experiment(decide: Callable[..., Runs]) -> None:
    runs = decide(CLAIMS[0], seeds=[5, 3, 9, 11, 2])
    frame = runs.pairs(CLAIMS[0])
    assert list(frame["seed"]) == [5, 3, 9, 11, 2]
    high, low = (runs.values(METRIC, [runs.experiment.find(arm)])[0] for arm in (HIGH, LOW))
    assert np.array_equal(frame["difference"], high - low)


def test_a_claim_is_named_by_itself_its_words_or_its_id(decide: Callable[..., Runs]) -> None:
    runs = decide(*CLAIMS)
    first, *_, chain = runs.verdicts()
    for name in (CLAIMS[0], "d", first.id):
        assert set(runs.pairs(name)["claim"]) == {first.id}
    # One that was not declared, about arms of the design.
    other = CLAIMS[0].replace(arm=MID)
    assert set(runs.pairs(other)["claim"]) == {other.id}
    assert set(runs.pairs("c")["claim"]) == {f"{chain.id}.1", f"{chain.id}.2"}


def test_the_figure_takes_them(decide: Callable[..., Runs]) -> None:
    runs = decide(*CLAIMS)
    figure = paired_differences(runs.pairs(), runs.verdicts(), title="t")
    assert list(dict.fromkeys(figure.data["says"]))[-1] == "lr=0.2 hidden=16 > lr=0.1 hidden=16"
    assert len(figure.data) == 8 * 5


def test_pairs_end_where_the_look_did(decide: Callable[..., Runs]) -> None:
    more = Difference(says="e", arm=WIDE, baseline=LOW, expect="higher", metric=METRIC)
    runs = decide(CLAIMS[0], more, until_decided=True)
    counts = runs.pairs()["claim"].value_counts()
    assert {v.id: v.n_seeds for v in runs.verdicts()} == dict(counts)


def test_what_has_no_pairs_is_refused(decide: Callable[..., Runs]) -> None:
    runs = decide(*CLAIMS, CHOICE)
    with pytest.raises(ConfigError, match="claim: 'b' has not one difference per seed"):
        runs.pairs("b")
    with pytest.raises(ConfigError, match="claim: none is 'x'; known: d, t, i, c, b"):
        runs.pairs("x")
    with pytest.raises(ConfigError, match="is not in the design"):
        runs.pairs(CLAIMS[0].replace(arm={"lr": 0.9}))


def test_short_names_read_and_set_fields_of_a_run() -> None:
    run = Run().with_value("hidden", (8,)).with_value("lr", 0.5)
    assert (run.value("hidden"), run.value("optim.lr"), run.value("lr")) == ((8,), 0.5, 0.5)
    with pytest.raises(ConfigError, match="no field 'lrr' in this run; did you mean 'lr'"):
        run.with_value("lrr", 1)
