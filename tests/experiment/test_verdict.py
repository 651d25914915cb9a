"""Verdicts against hand computation with scipy, and the rules of the design."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats

from mlplab.data import Task
from mlplab.errors import ConfigError
from mlplab.experiment import Experiment, Runs
from mlplab.experiment.verdict import question_before
from mlplab.experiment.wording import claim_words
from mlplab.specs import (
    BestArm,
    Chain,
    Difference,
    FailureDifference,
    Fit,
    Interaction,
    Proof,
    Provenance,
    Run,
    Threshold,
    Verdict,
)
from mlplab.store import Store

LOW, MID, HIGH = {"lr": 0.1}, {"lr": 0.2}, {"lr": 0.4}
RATES = [0.1, 0.2, 0.4]
METRIC = "valid_accuracy"


def difference(arm: Any = HIGH, baseline: Any = LOW, expect: str = "higher", **more: Any) -> Any:
    more = {"says": f"{arm} {expect} {baseline}", "metric": METRIC, **more}
    return Difference(arm=arm, baseline=baseline, expect=expect, **more)


@pytest.fixture
def decide(task: Task, store: Store, fake: Any) -> Callable[..., Runs]:
    def run(*claims: Any, seeds: Any = 8, vary: Any = None, base: Run | None = None) -> Runs:
        experiment = Experiment(
            task, base, vary or {"lr": RATES}, seeds=seeds, claims=claims, name="x"
        )
        return experiment.run(store, backend=fake.backend)

    return run


def check(verdict: Verdict, y: np.ndarray, m: int) -> None:
    test = scipy_stats.ttest_1samp(y, 0)
    interval = test.confidence_interval(1 - 0.05 / m)
    assert verdict.effect == pytest.approx(y.mean())
    assert verdict.interval == pytest.approx((interval.low, interval.high))
    assert verdict.p == pytest.approx(min(1.0, m * test.pvalue))
    assert verdict.level == pytest.approx(1 - 0.05 / m)
    assert verdict.n_seeds == len(y)


def test_a_difference_is_the_paired_t_test(decide: Callable[..., Runs]) -> None:
    runs = decide(difference())
    low, _, high = runs.values(METRIC)
    (verdict,) = runs.verdicts()
    test = scipy_stats.ttest_rel(high, low)
    assert verdict.p == pytest.approx(test.pvalue)
    check(verdict, high - low, m=1)
    assert (verdict.verdict, verdict.size) == ("supported", "at least d")
    assert verdict.says == difference().says
    assert (verdict.metric, verdict.matters) == (METRIC, 0.005)


def test_every_kind_of_claim_and_the_count_of_claims(decide: Callable[..., Runs]) -> None:
    claims = [
        difference(expect="lower"),
        Threshold(says="t", arm=LOW, value=0.8, expect="higher", metric=METRIC),
        Chain(says="c", arms=(HIGH, MID, LOW), metric=METRIC),
        BestArm(says="b", arm=HIGH, arms=(LOW, MID, HIGH)),
        Proof(says="p"),
        difference(MID, LOW, "same", matters=0.1),
    ]
    runs = decide(*claims)
    low, mid, high = runs.values(METRIC)
    lower, threshold, chain, best, proof, same = runs.verdicts()
    # a difference, a threshold, two links, one choice, another difference
    m = 6
    check(lower, high - low, m)
    check(threshold, low - 0.8, m)
    check(same, mid - low, m)
    assert [verdict.verdict for verdict in (lower, best, same)] == [
        "refuted",
        "supported",
        "supported",
    ]
    check(chain.parts[0], high - mid, m)
    check(chain.parts[1], mid - low, m)
    assert [part.id for part in chain.parts] == [f"{chain.id}.1", f"{chain.id}.2"]
    assert [part.says for part in chain.parts] == ["lr=0.4 > lr=0.2", "lr=0.2 > lr=0.1"]
    assert best.level == pytest.approx(1 - 0.05 / m)
    assert (proof.verdict, proof.n_seeds) == ("none", 0)


def test_an_interaction_is_the_difference_of_differences(
    decide: Callable[..., Runs], fake: Any, noisy: Callable[..., float]
) -> None:
    fake.score = lambda run: (
        0.7
        + 0.02 * noisy(run.seed)
        + 0.005 * noisy("own", run.seed, run.optim.lr, run.optim.momentum)
        + (0.1 if run.optim.lr == 0.4 and run.optim.momentum == 0.9 else 0.0)
    )
    arms = {"both": (0.4, 0.9), "only_a": (0.4, 0.0), "only_b": (0.1, 0.9), "neither": (0.1, 0.0)}
    claim = Interaction(
        says="the two help each other",
        metric=METRIC,
        expect="higher",
        **{name: {"lr": rate, "momentum": m} for name, (rate, m) in arms.items()},
    )
    runs = decide(claim, vary={"lr": [0.1, 0.4], "momentum": [0.0, 0.9]})
    neither, only_b, only_a, both = runs.values(METRIC)
    (verdict,) = runs.verdicts()
    check(verdict, (both - only_b) - (only_a - neither), m=1)
    assert verdict.verdict == "supported"
    assert verdict.effect == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize(
    ("arms", "expect", "word", "shown"),
    [
        ((HIGH, MID, LOW), "higher", "supported", 2),
        ((LOW, MID, HIGH), "lower", "supported", 1),
        ((HIGH, LOW, MID), "higher", "refuted", 2),
        ((LOW, HIGH, MID), "higher", "refuted", 1),
    ],
)
def test_a_chain_shows_the_link_it_hangs_on(
    decide: Callable[..., Runs], arms: Any, expect: str, word: str, shown: int
) -> None:
    (chain,) = decide(Chain(says="c", arms=arms, metric=METRIC, expect=expect)).verdicts()
    assert chain.verdict == word
    assert chain.details["shown_link"] == shown
    part = chain.parts[shown - 1]
    assert (chain.effect, chain.interval, chain.p) == (part.effect, part.interval, part.p)


def test_a_chain_with_an_equal_link_is_undecided(decide: Callable[..., Runs], fake: Any) -> None:
    fake.score = lambda run: 0.9 + (0.05 if run.optim.lr == 0.4 else 0.0)
    (chain,) = decide(Chain(says="c", arms=(HIGH, MID, LOW), metric=METRIC)).verdicts()
    assert [part.verdict for part in chain.parts] == ["supported", "equivalent"]
    assert (chain.verdict, chain.details["shown_link"]) == ("undecided", 2)
    assert "link 2 equivalent" in chain.note


def test_the_best_arm_names_its_sets(decide: Callable[..., Runs], fake: Any) -> None:
    fake.score = lambda run: {0.1: 0.7, 0.2: 0.9, 0.4: 0.9}[run.optim.lr]
    arms = (LOW, MID, HIGH)
    claims = [BestArm(says=str(arm), arm=arm, arms=arms) for arm in arms]
    low, mid, high = decide(*claims).verdicts()
    assert [v.verdict for v in (low, mid, high)] == ["refuted", "equivalent", "equivalent"]
    assert mid.details["candidates"] == mid.details["near_best"] == ["lr=0.2", "lr=0.4"]


def test_permuting_seeds_changes_nothing(decide: Callable[..., Runs]) -> None:
    claims = [difference(), Chain(says="c", arms=(HIGH, MID, LOW), metric=METRIC)]
    straight = decide(*claims, seeds=8).verdicts()
    turned = decide(*claims, seeds=[3, 1, 7, 0, 2, 6, 5, 4]).verdicts()
    for one, other in zip(straight, turned, strict=True):
        assert one.verdict == other.verdict
        assert one.effect == pytest.approx(other.effect, rel=1e-12)
        assert one.interval == pytest.approx(other.interval, rel=1e-9)


def test_swapping_arm_and_baseline_mirrors_the_verdict(decide: Callable[..., Runs]) -> None:
    (forward,) = decide(difference(HIGH, LOW, "higher")).verdicts()
    (backward,) = decide(difference(LOW, HIGH, "lower")).verdicts()
    assert (forward.verdict, forward.size) == (backward.verdict, backward.size)
    assert forward.effect == -backward.effect
    assert forward.p == pytest.approx(backward.p)


@pytest.mark.parametrize(
    ("metric", "n_rows"), [("test_accuracy", 1000), (METRIC, 500), ("train_accuracy", 1500)]
)
def test_identical_accuracies_have_the_spread_of_their_grid(
    decide: Callable[..., Runs], fake: Any, metric: str, n_rows: int
) -> None:
    fake.score = lambda run: 0.9
    (verdict,) = decide(difference(metric=metric)).verdicts()
    half = scipy_stats.t.ppf(0.975, 7) / (n_rows * math.sqrt(12)) / math.sqrt(8)
    assert verdict.interval == pytest.approx((-half, half))
    assert verdict.verdict == "equivalent"


def test_a_loss_lies_on_no_grid(decide: Callable[..., Runs], fake: Any) -> None:
    fake.score = lambda run: 0.9
    (verdict,) = decide(difference(metric="valid_loss")).verdicts()
    assert verdict.interval == (0.0, 0.0)


def test_under_five_seeds_there_is_an_interval_and_no_verdict(decide: Callable[..., Runs]) -> None:
    runs = decide(difference(), Chain(says="c", arms=(HIGH, MID, LOW), metric=METRIC), seeds=4)
    for verdict in runs.verdicts():
        assert (verdict.verdict, verdict.n_seeds) == ("none", 4)
        assert verdict.interval is not None
        assert "at least 5" in verdict.note
    (alone,) = decide(difference(), seeds=1).verdicts()
    assert (alone.verdict, alone.interval) == ("none", None)


def test_an_undecided_claim_says_how_many_seeds_it_needs(
    decide: Callable[..., Runs], fake: Any, noisy: Callable[..., float]
) -> None:
    fake.score = lambda run: 0.8 + 0.02 * noisy(run.seed, run.optim.lr)
    (verdict,) = decide(difference()).verdicts()
    assert verdict.verdict == "undecided"
    assert verdict.seeds_needed is not None
    assert verdict.seeds_needed > 8


def test_a_one_sided_failure_needs_two_analyses_to_agree(
    decide: Callable[..., Runs], fake: Any
) -> None:
    fake.diverges = lambda run: run.optim.lr == 0.4 and run.seed in (0, 3, 5)
    runs = decide(difference())
    (verdict,) = runs.verdicts()
    low, _, high = runs.values(METRIC)
    both = np.isfinite(high)
    check(verdict, (high - low)[both], m=1)
    assert verdict.verdict == "undecided"
    assert "3 of 8 seeds have a failed run" in verdict.note
    assert verdict.details["failures"][0]["failures"] == 3
    assert verdict.details["by_ranks"]["interval"][0] is None


def test_a_failure_of_both_arms_costs_a_seed(decide: Callable[..., Runs], fake: Any) -> None:
    fake.diverges = lambda run: run.seed == 2
    (verdict,) = decide(difference()).verdicts()
    assert (verdict.verdict, verdict.n_seeds) == ("supported", 7)
    assert "1 seeds on which every arm failed" in verdict.note


def test_an_arm_that_always_fails_decides_nothing(decide: Callable[..., Runs], fake: Any) -> None:
    fake.diverges = lambda run: run.optim.lr == 0.4
    claims = [
        difference(),
        Threshold(says="t", arm=HIGH, value=0.5, expect="higher", metric=METRIC),
        BestArm(says="b", arm=HIGH, arms=(LOW, MID, HIGH)),
        Chain(says="c", arms=(HIGH, MID, LOW), metric=METRIC),
    ]
    for verdict in decide(*claims).verdicts():
        assert verdict.verdict in ("none", "undecided")
        assert verdict.model_dump_json()


def test_a_second_look_at_another_number_of_seeds_is_marked(decide: Callable[..., Runs]) -> None:
    claims = [difference(), Chain(says="c", arms=(HIGH, MID, LOW), metric=METRIC)]
    for n_seeds, look in [(8, 1), (8, 1), (12, 2), (16, 3), (12, 2), (8, 1)]:
        for verdict in decide(*claims, seeds=n_seeds).verdicts():
            marked = f"unprotected look {look}" in verdict.note
            assert marked == (look > 1)


def test_the_same_claim_of_another_design_is_another_question(decide: Callable[..., Runs]) -> None:
    decide(difference(), seeds=8).verdicts()
    (quick,) = decide(difference(), seeds=12, base=Run(fit=Fit(epochs=1))).verdicts()
    assert "look" not in quick.note
    # Arms that the claim is not about do not matter.
    more = {"lr": [0.1, 0.15, 0.4]}
    (again,) = decide(difference(), seeds=12, vary=more).verdicts()
    assert "unprotected look 2" in again.note


def test_verdicts_are_kept_once_as_json(decide: Callable[..., Runs], store: Store) -> None:
    runs = decide(difference(), BestArm(says="b", arm=HIGH, arms=(LOW, HIGH)))
    first = runs.verdicts()
    assert runs.verdicts() == first
    decide(*runs.experiment.claims).verdicts()
    rows = store.verdicts("x")
    assert [row["id"] for row in rows] == [verdict.id for verdict in first]
    for row in rows:
        del row["experiment"], row["time"], row["exercise"], row["profile"]
    assert tuple(Verdict.model_validate(row) for row in rows) == first


def test_remarks_are_worded_in_chinese_and_kept_in_english(
    decide: Callable[..., Runs], store: Store
) -> None:
    chain = Chain(says="c", arms=(HIGH, MID, LOW), metric=METRIC)
    verdicts = decide(difference(), chain, seeds=3).verdicts()
    for verdict in (*verdicts, *verdicts[1].parts):
        assert verdict.note == "3 seeds: a verdict needs at least 5"
        assert verdict.note_wordings == {"zh": "3 个种子：至少要 5 个才能下结论"}
    for row in store.verdicts("x"):
        assert row["note"] == verdicts[0].note
        assert not any(one["note_wordings"] for one in (row, *row["parts"]))


ASKED = {
    "reworded": (difference(says="in other words", key="k", whose="source"), None, True),
    "by long names": (difference({"optim.lr": 0.4}, {"optim.lr": 0.1}), None, True),
    "another threshold": (difference(matters=0.01), None, False),
    "another direction": (difference(expect="same"), None, False),
    "another metric": (difference(metric="valid_loss"), None, False),
    "another arm": (difference(MID), None, False),
    "on another base": (difference(), Run(fit=Fit(epochs=1)), False),
}


@pytest.mark.parametrize("name", ASKED)
def test_a_claim_is_what_it_asks(decide: Callable[..., Runs], name: str) -> None:
    claim, base, same = ASKED[name]
    (first,) = decide(difference()).verdicts()
    (again,) = decide(claim, seeds=12, base=base).verdicts()
    assert (again.id == first.id) == same
    assert ("unprotected look 2" in again.note) == same


def test_looks_of_a_store_in_which_words_counted_are_counted(
    decide: Callable[..., Runs], store: Store
) -> None:
    runs = decide(difference())
    task = runs.cells[0].run.task
    assert task is not None
    before = question_before(difference(), runs.experiment.find, task)
    store.put_verdicts("x", [{"id": "old", "details": {"question": before, "seeds": 4}}])
    (verdict,) = runs.verdicts()
    assert "unprotected look 2" in verdict.note


def test_a_verdict_is_found_by_its_key(decide: Callable[..., Runs]) -> None:
    runs = decide(difference(key="up"), difference(HIGH, MID, key="further"))
    assert [runs.verdict(key) for key in ("up", "further")] == list(runs.verdicts())
    with pytest.raises(ConfigError, match=r"no claim has the key 'futher'; did you mean .further"):
        runs.verdict("futher")
    with pytest.raises(ConfigError, match="claim 'up': two claims have this key"):
        decide(difference(key="up"), difference(HIGH, MID, key="up"))


WORDED = [
    (difference(says=""), "lr=0.4 has a higher validation accuracy than lr=0.1",
     "lr=0.4 的验证准确率高于 lr=0.1"),
    (Threshold(arm={}, value=0.9, expect="lower"), "the base has a test accuracy below 0.9",
     "基准 的测试准确率低于 0.9"),
    (Chain(arms=(LOW, MID, HIGH), expect="lower"),
     "the test accuracy rises from each of these to the next: lr=0.1, lr=0.2, lr=0.4",
     "测试准确率依次升高：lr=0.1, lr=0.2, lr=0.4"),
    (BestArm(arm=LOW, arms=(LOW, MID)), "lr=0.1 has the best validation accuracy of 2 arms",
     "在 2 组中，lr=0.1 的验证准确率最好"),
    (FailureDifference(arm=HIGH, baseline=LOW), "lr=0.4 fails more often than lr=0.1",
     "lr=0.4 的失败率高于 lr=0.1"),
    (difference(says={"zh": "更好"}), "更好", "更好"),
    (difference(says={"en": "better", "zh": "更好"}), "better", "更好"),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "english", "chinese"), WORDED)
def test_a_claim_is_worded_from_its_content(claim: Any, english: str, chinese: str) -> None:
    assert claim_words(claim) == {"en": english, "zh": chinese}


def test_without_claims_nothing_is_kept(decide: Callable[..., Runs], store: Store) -> None:
    assert decide().verdicts() == ()
    assert store.verdicts() == []


def test_a_verdict_over_mixed_provenances_says_so(decide: Callable[..., Runs], fake: Any) -> None:
    decide(vary={"lr": [0.1]})
    fake.provenance = Provenance("other", "0", "exact", "1")
    mixed, pure = decide(difference(), difference(HIGH, MID)).verdicts()
    assert "mixes runs of 2 provenances" in mixed.note
    assert "provenance" not in pure.note
