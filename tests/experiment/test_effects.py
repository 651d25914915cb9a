"""`Runs.effects`: which factors of a grid matter, and whether they add up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats

from mlplab.data import Task
from mlplab.errors import ConfigError
from mlplab.experiment import Experiment, Runs
from mlplab.specs import Interaction, Run
from mlplab.store import Store

METRIC = "test_accuracy"
RATES, WIDTHS = (0.1, 0.2, 0.4), ((8,), (16,))


@pytest.fixture
def make(task: Task, store: Store, fake: Any, noisy: Callable[..., float]) -> Callable[..., Runs]:
    """Runs of a grid whose accuracy is a given function of rate and width, and a little noise."""

    def run(surface: Callable[[float, int], float], seeds: int = 8, **settings: Any) -> Runs:
        def score(one: Run) -> float:
            rate, (width,) = one.optim.lr, one.value("net.hidden")
            own = 0.001 * noisy("own", one.seed, rate, width)
            return 0.7 + 0.05 * noisy("shared", one.seed) + surface(rate, width) + own

        fake.score = score
        vary = settings.pop("vary", {"lr": RATES, "hidden": WIDTHS})
        design = Experiment(task, None, vary, seeds, **settings)
        return design.run(store, backend=fake.backend)

    return run


def additive(rate: float, width: int) -> float:
    return 0.1 * rate + 0.002 * width


def crossed(rate: float, width: int) -> float:
    return additive(rate, width) + (0.03 if (rate, width) == (0.4, 16) else 0.0)


def test_an_additive_surface_has_main_effects_and_is_told_additive(
    make: Callable[..., Runs],
) -> None:
    found = make(additive).effects(METRIC)
    rate, width, both = found.largest
    assert (rate.factors, width.factors) == (("optim.lr",), ("net.hidden",))
    assert rate.levels == ((0.4, 0.1),)
    assert rate.mean == pytest.approx(0.03, abs=0.001)
    assert width.mean == pytest.approx(0.016, abs=0.001)
    assert [one.says for one in found.largest] == ["an effect", "an effect", "additive"]
    assert both.verdict == "equivalent"
    assert "lr x hidden: additive" in repr(found)


def test_a_step_that_pays_with_one_level_only_is_not_additive(make: Callable[..., Runs]) -> None:
    both = make(crossed).effects(METRIC).largest[-1]
    assert both.says == "not additive"
    assert both.mean == pytest.approx(0.03, abs=0.002)
    assert {both.levels[0][0], both.levels[1][0]} == {0.4, 16}


def test_the_interaction_of_two_by_two_is_that_of_the_claim(make: Callable[..., Runs]) -> None:
    arms = {
        name: {"lr": rate, "hidden": (width,)}
        for name, rate, width in (
            ("neither", 0.1, 8), ("only_a", 0.4, 8), ("only_b", 0.1, 16), ("both", 0.4, 16),
        )
    }  # fmt: skip
    claim = Interaction(says="i", expect="higher", metric=METRIC, **arms)
    vary = {"lr": (0.1, 0.4), "hidden": WIDTHS}
    runs = make(crossed, vary=vary, claims=[claim])
    frame = runs.effects(METRIC).frame()
    (row,) = frame[frame["kind"] == "interaction"].to_dict("records")
    (verdict,) = runs.verdicts()
    assert row["mean"] == pytest.approx(verdict.effect)
    y = runs.pairs("i")["difference"]
    # Three effects share the level: two main effects and the interaction.
    ends = scipy_stats.ttest_1samp(y, 0).confidence_interval(1 - 0.05 / 3)
    assert (row["low"], row["high"]) == pytest.approx(tuple(ends))


def test_the_frame_holds_every_contrast_and_deviations_add_up_to_nothing(
    make: Callable[..., Runs],
) -> None:
    found = make(crossed).effects(METRIC)
    frame = found.frame()
    counts = frame["kind"].value_counts()
    assert dict(counts) == {"deviation": 5, "difference": 4, "interaction": 3}
    assert frame["other_level"].iloc[-1] == 16
    assert isinstance(frame["other_level"].iloc[-1], int)
    sums = frame[frame["kind"] == "deviation"].groupby("factor")["mean"].sum()
    assert sums.to_numpy() == pytest.approx(0, abs=1e-12)
    assert (frame["low"] < frame["high"]).all()
    means = found.found.mean + frame.loc[frame["kind"] == "deviation", "mean"]
    cells = make(crossed).summary(METRIC)
    for rate, mean in zip(RATES, means, strict=False):
        of_rate = [one.mean for one in cells if one.factors["optim.lr"] == rate]
        assert mean == pytest.approx(np.mean(of_rate))


def test_levels_and_factors_in_another_order_have_the_same_effects(
    make: Callable[..., Runs],
) -> None:
    one = make(crossed).effects(METRIC)
    vary = {"hidden": WIDTHS[::-1], "lr": (0.2, 0.4, 0.1)}
    other = make(crossed, vary=vary).effects(METRIC)
    for found in one.largest:
        same = next(o for o in other.largest if set(o.factors) == set(found.factors))
        assert same.mean == pytest.approx(found.mean)
        assert same.interval == pytest.approx(found.interval)
        assert same.says == found.says


def test_a_seed_with_a_failed_run_is_left_out_whole_and_then_nothing_is_decided(
    make: Callable[..., Runs], fake: Any
) -> None:
    fake.diverges = lambda run: run.seed == 3 and run.optim.lr == 0.4 and run.net.hidden == (8,)
    found = make(crossed).effects(METRIC)
    assert found.dropped == (3,)
    assert found.found.n_seeds == 7
    assert {one.says for one in found.largest} == {"no verdict"}
    assert "A run failed on further seeds (3)" in found._repr_html_()


def test_an_arm_that_always_fails_is_named(make: Callable[..., Runs], fake: Any) -> None:
    fake.diverges = lambda run: run.optim.lr == 0.4 and run.net.hidden == (8,)
    with pytest.raises(ConfigError, match=r"got 0 of 8; 'lr=0.4 hidden=8' failed on 8: leave it"):
        make(crossed).effects(METRIC)


def test_what_is_no_full_grid_is_one_line(task: Task, store: Store, fake: Any) -> None:
    arms = [{"lr": 0.1, "hidden": (8,)}, {"lr": 0.2, "hidden": (8,)}, {"lr": 0.1, "hidden": (9,)}]
    partial = Experiment(task, None, arms=arms, seeds=5).run(store, backend=fake.backend)
    with pytest.raises(ConfigError, match=r"2 of optim.lr x 2 of net.hidden once; got 3 of 4"):
        partial.effects(METRIC)
    alone = Experiment(task, None, seeds=5).run(store, backend=fake.backend)
    with pytest.raises(ConfigError, match="varies none"):
        alone.effects(METRIC)


def test_other_mistakes_are_one_line_too(make: Callable[..., Runs]) -> None:
    runs = make(crossed)
    with pytest.raises(ConfigError, match="matters: expected a finite number above 0; got 0"):
        runs.effects(METRIC, matters=0)
    with pytest.raises(ConfigError, match="did you mean 'test_accuracy'"):
        runs.effects("test_acuracy")
    with pytest.raises(ConfigError, match="at least 2 seeds on which every arm finished; got 1 of"):
        make(crossed, seeds=1).effects(METRIC)


def test_a_factor_of_one_level_is_no_factor(make: Callable[..., Runs]) -> None:
    found = make(crossed, vary={"lr": RATES, "hidden": [(8,)]}).effects(METRIC)
    assert list(found.factors) == ["optim.lr"]
    assert len(found.largest) == 1


def test_it_shows_itself_as_a_table(make: Callable[..., Runs]) -> None:
    text = make(crossed).effects(METRIC)._repr_html_()
    assert text.count("<tr>") == 1 + 3
    assert "lr 0.4 - 0.1" in text
    assert "10 intervals of level 99.5 % share 5 %" in text
