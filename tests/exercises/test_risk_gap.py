"""Empirical and true risk of 4.9.4, against closed forms, torch and the engine's own losses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.special import expit

from mlplab.exercises.measured import decide_measured
from mlplab.exercises.profile import PROFILES
from mlplab.exercises.section_4_9.risk_gap.design import (
    BATCH_SIZE,
    KEEPS,
    SAMPLINGS,
    SIZES,
    STEPS,
    design,
    epochs_for,
    name_of,
)
from mlplab.exercises.section_4_9.risk_gap.measure import _each_step, n_parameters
from mlplab.exercises.section_4_9.risk_gap.problem import (
    BAYES,
    KINK,
    LINEAR,
    NOISE,
    OUTLIER,
    Sampling,
    draw,
    selection_weights,
    task,
    true_function,
)
from mlplab.exercises.section_4_9.risk_gap.risks import (
    Risks,
    fixed_gaps,
    log_slopes,
    outputs,
    risks,
)
from mlplab.experiment import Experiment
from mlplab.specs import MLP, Adam, Fit, Own, Run

MANY = 100_000
SOUND = {
    "noise": st.floats(0.0, 2.0),
    "outliers": st.floats(0.0, 0.5),
    "selection": st.floats(0.0, 4.0),
    "missing": st.floats(0.0, 0.5),
}


@given(seed=st.integers(0, 50), n=st.integers(1, 30), p=st.integers(1, 5), how=st.builds(
    Sampling, st.just(5), **SOUND))  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_fewer_rows_and_inputs_are_a_prefix(seed, n, p, how):
    X, y, truth = draw(seed, 30, how)
    fewer = draw(seed, n, how)
    for one, other in zip((X, y, truth), fewer, strict=True):
        assert np.array_equal(one[:n], other)
    assert np.array_equal(draw(seed, 30, replace(how, n_inputs=p))[0], X[:, :p])


def test_each_fault_changes_what_it_says_and_nothing_else():
    X, y, truth = draw(0, MANY, Sampling())
    assert np.array_equal(true_function(X), truth)
    assert np.std(y - truth) == pytest.approx(NOISE, rel=0.02)
    wrong = draw(0, MANY, Sampling(outliers=0.1))
    assert np.array_equal(wrong[0], X)
    assert np.mean(wrong[1] != y) == pytest.approx(0.1, abs=0.005)
    assert np.std((wrong[1] - y)[wrong[1] != y]) == pytest.approx(OUTLIER, rel=0.03)
    lost = draw(0, MANY, Sampling(missing=0.2))
    assert np.array_equal(lost[1], y)
    assert np.mean(lost[0] == 0) == pytest.approx(0.2, abs=0.005)
    assert np.array_equal(lost[0][lost[0] != 0], X[lost[0] != 0])
    chosen = draw(0, MANY, Sampling(selection=4.0))
    others = [i for i in range(8) if i != 1]
    assert np.array_equal(chosen[0][:, others], X[:, others])
    assert np.array_equal(np.abs(chosen[0][:, 1]), np.abs(X[:, 1]))


@pytest.mark.parametrize("strength", [0.0, 0.5, 2.0, 4.0])
def test_selected_rows_have_the_density_that_is_stated(strength):
    x = draw(1, 20_000, Sampling(n_inputs=2, selection=strength))[0][:, 1]

    def below(t):
        density = lambda u: 2 * stats.norm.pdf(u) * expit(strength * u)  # noqa: E731
        return integrate.quad(density, -10, t)[0]

    grid = np.linspace(-3, 3, 13)
    ranks = [np.mean(x <= t) for t in grid]
    # Kolmogorov's distance is below 1.95 / sqrt(n) in all but one of a thousand samples.
    assert np.abs(ranks - np.array([below(t) for t in grid])).max() < 1.95 / len(x) ** 0.5


def test_weights_turn_selected_rows_into_the_population():
    X = draw(2, MANY, Sampling(n_inputs=2, selection=1.0))[0]
    of = selection_weights(X, 1.0)
    assert of.mean() == pytest.approx(1.0, abs=0.01)
    assert np.average(X[:, 1], weights=of) == pytest.approx(0.0, abs=0.02)
    assert np.average(np.square(X[:, 1]), weights=of) == pytest.approx(1.0, abs=0.03)
    assert X[:, 1].mean() > 0.3


def test_outputs_are_torchs():
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(3, 5), torch.nn.ReLU(), torch.nn.Linear(5, 1)
    ).double()
    layers = [(net[k].weight.detach().numpy(), net[k].bias.detach().numpy()) for k in (0, 2)]
    X = np.random.default_rng(0).standard_normal((7, 4))
    wanted = net(torch.tensor(X[:, :3])).detach().numpy()[:, 0]
    assert outputs(layers, X) == pytest.approx(wanted)


def test_four_units_are_the_true_function():
    first = np.zeros((4, 8))
    first[[0, 1, 2, 3], [0, 0, 1, 1]] = 1, -1, 1, -1
    layers = [(first, np.zeros(4)), (np.array([[1.0, -1.0, KINK, KINK]]), np.zeros(1))]
    X, _, truth = draw(0, 100, Sampling())
    assert outputs(layers, X) == pytest.approx(truth)


def test_the_risk_of_a_linear_function_is_the_closed_form():
    w, bias = np.array([0.7, 0.2, -0.1]), 1.0
    X, y, _ = draw(3, MANY, Sampling(n_inputs=3))
    errors = np.square(outputs([(w[None], np.array([bias]))], X) - y)
    apart = (w[0] - 1) ** 2 + w[1] ** 2 + w[2] ** 2 + (bias - KINK * (2 / np.pi) ** 0.5) ** 2
    assert errors.mean() == pytest.approx(LINEAR + apart, abs=5 * errors.std() / MANY**0.5)


@pytest.fixture(scope="module")
def trained():
    base = Run(
        optim=Adam(lr=0.01, schedule="cosine"),
        fit=Fit(batch_size=50, epochs=512, test="never"),
        rows=Own(n=200),
    )
    arms = [{"net": MLP(hidden=())}, {"net": MLP(hidden=(8,))}]
    experiment = Experiment(task(3, 200, Sampling()), base, arms=arms, seeds=3)
    return experiment.run(":memory:", keep_weights=True, progress=False, workers=1)


def test_the_empirical_risk_is_the_loss_that_training_ends_with(trained):
    # Its rate has fallen to nothing by then, so that the mean over the last epoch is of one model.
    for arm in trained.arms:
        losses = trained.values("train_loss", [arm])[0]
        assert risks(trained, arm).empirical == pytest.approx(losses, rel=1e-3)


def test_a_linear_network_ends_at_least_squares(trained):
    found = risks(trained, trained.arms[0])
    for seed in range(3):
        X, y, _ = draw(seed, 200, Sampling())
        X = np.column_stack([X, np.ones(200)])
        w = np.linalg.lstsq(X, y, rcond=None)[0]
        assert found.empirical[seed] == pytest.approx(np.square(y - X @ w).mean(), rel=1e-3)
        apart = (
            (w[0] - 1) ** 2 + np.square(w[1:-1]).sum() + (w[-1] - KINK * (2 / np.pi) ** 0.5) ** 2
        )
        assert abs(found.true[seed] - LINEAR - apart) < 5 * found.error[seed]


def test_without_selection_every_row_counts_and_all_estimates_are_of_one_risk(trained):
    found = risks(trained, trained.arms[1])
    assert found.kept == pytest.approx(np.ones(3))
    assert found.weighted == pytest.approx(found.held_out)
    assert np.all(np.abs(found.held_out - found.true) < 8 * found.error)
    assert np.all(found.true > BAYES)
    assert found.excess_gap(BAYES) == pytest.approx(found.gap + found.noise - BAYES)


def test_a_fixed_functions_gap_is_that_of_a_mean_of_squares():
    for n, gaps in fixed_gaps(400).items():
        # Nearly normal with variance 2 sigma^4 / n; the mean of |z| is sqrt(2 / pi).
        expected = NOISE**2 * (2 / n) ** 0.5 * (2 / np.pi) ** 0.5
        assert gaps.mean() == pytest.approx(expected, rel=0.2)


@given(power=st.floats(-2.0, 2.0), factor=st.floats(0.1, 10.0))
def test_a_power_law_has_its_power_as_slope(power, factor):
    found = {n: np.array([factor * n**power, n**power]) for n in SIZES}
    assert log_slopes(found) == pytest.approx([power, power], abs=1e-6)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_one_thing_is_varied_at_a_time(profile):
    experiments = design(profile, None)
    steps = [arm.run.fit.epochs * arm.run.rows.n / BATCH_SIZE for arm in experiments["size"].design]
    assert steps == [STEPS * k for k in (*[1] * len(SIZES), 4, 16)]
    assert set(KEEPS) == experiments.keys()
    for cause, strengths in SAMPLINGS.items():
        for strength, how in strengths.items():
            changed = {k for k, v in vars(how).items() if v != getattr(Sampling(), k)}
            assert changed <= {cause}
            assert getattr(how, cause) == strength
            assert experiments[name_of(cause, strength)].base == experiments["width"].base
    assert epochs_for(200) == experiments["width"].base.fit.epochs


def test_weights_are_counted_as_torch_counts_them():
    net = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))
    assert n_parameters(32, 8) == sum(one.numel() for one in net.parameters())


@pytest.mark.parametrize(
    ("gaps", "word"),
    [((0.1, 0.2, 0.4), "supported"), ((0.1, 0.2, 0.2), "equivalent"), ((0.1, 0.2, 0.1), "refuted")],
)
def test_a_claim_on_every_step_falls_with_one_of_them(gaps, word):
    def with_gap(gap):
        zero, noise = np.zeros(10), 0.01 * np.random.default_rng(0).standard_normal(10)
        return Risks(zero, zero, gap * (1 + noise), zero, zero, zero, zero)

    found = {x: with_gap(gap) for x, gap in enumerate(gaps)}
    (verdict,) = decide_measured([_each_step("steps", found, (0, 1, 2))])
    assert verdict.verdict == word
