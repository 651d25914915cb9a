"""Common random numbers: what two runs of one seed share, they share number by number."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine import plain
from tests.engine.population import made_up, of, trained

from mlplab.engine.initialise import initial_weight
from mlplab.engine.noise import KeyedNoise, fill_masks, realised_rate, threshold
from mlplab.engine.order import order
from mlplab.engine.weights import unpack_weights
from mlplab.specs import MLP, SGD, First, Fit, Init

few = settings(max_examples=60, deadline=None)
rates = st.floats(0, 0.9999)


class TestWeights:
    @few
    @given(st.integers(0, 2**40), st.integers(0, 5), st.integers(1, 30), st.integers(1, 40),
           st.sampled_from(["normal", "uniform"]), st.data())  # fmt: skip
    def test_a_narrower_layer_is_the_first_units_of_a_wider_one(
        self, seed, layer, n_out, n_in, kind, data
    ):
        wide = initial_weight(Init(kind=kind, scale=0.3), seed, layer, n_out, n_in)
        fewer = data.draw(st.integers(1, n_out)), data.draw(st.integers(1, n_in))
        narrow = initial_weight(Init(kind=kind, scale=0.3), seed, layer, *fewer)
        assert np.array_equal(narrow, wide[: fewer[0], : fewer[1]])

    @pytest.mark.parametrize("kind", ["he", "xavier"])
    def test_up_to_the_scale_that_the_size_decides(self, kind):
        wide = initial_weight(Init(kind=kind), 3, 1, 50, 40)
        narrow = initial_weight(Init(kind=kind), 3, 1, 20, 10)
        ratio = narrow / wide[:20, :10]
        assert ratio == pytest.approx(ratio[0, 0])

    @pytest.mark.parametrize(("init", "spread"), [
        ("normal:0.3", 0.3), ("uniform:0.3", 0.3 / 3**0.5), ("he", (2 / 400) ** 0.5),
        ("he:0.5", 0.5 * (2 / 400) ** 0.5), ("xavier", (2 / 700) ** 0.5), ("zeros", 0.0),
    ])  # fmt: skip
    def test_the_law_is_the_one_asked_for(self, init, spread):
        drawn = initial_weight(Init.model_validate(init), 0, 0, 300, 400)
        assert drawn.std() == pytest.approx(spread, rel=0.01)
        assert abs(drawn.mean()) <= 4 * spread / drawn.size**0.5
        if init.startswith("uniform"):
            assert np.abs(drawn).max() == pytest.approx(0.3, rel=1e-3)

    def test_seeds_layers_and_units_do_not_repeat(self):
        drawn = [
            initial_weight(Init(kind="normal"), seed, layer, 5, 7).ravel()
            for seed in range(4)
            for layer in range(4)
        ]
        assert len(np.unique(np.concatenate(drawn))) == 4 * 4 * 5 * 7

    def test_a_large_matrix_is_drawn_like_a_small_one(self):
        # Beyond a size nothing is remembered: the draw must not know.
        large = initial_weight(Init(kind="normal"), 1, 0, 300, 1000)
        assert np.array_equal(large[:3], initial_weight(Init(kind="normal"), 1, 0, 3, 1000))

    def test_a_run_starts_from_them(self):
        task = made_up(features=3)
        run = of(task, net=MLP(hidden=(4, 5), init="xavier"), optim=SGD(lr=1e-60), seed=7,
                 fit=Fit(epochs=1, batch_size=8))  # fmt: skip
        blob = trained([run], task)[run.key].weights
        for layer, (weight, bias) in enumerate(unpack_weights(blob)):
            drawn = initial_weight(run.net.init, 7, layer, *weight.shape)
            assert np.array_equal(weight.numpy(), drawn.astype("f4"))
            assert not bias.any()


class TestOrder:
    @few
    @given(st.integers(0, 2**40), st.integers(0, 1000), st.sets(st.integers(0, 300), min_size=1),
           st.data())  # fmt: skip
    def test_a_subset_keeps_the_order_of_the_whole(self, seed, epoch, rows, data):
        whole = np.array(sorted(rows))
        part = np.array(sorted(data.draw(st.sets(st.sampled_from(whole.tolist()), min_size=1))))
        ordered = order(seed, epoch, whole)
        assert np.array_equal(np.sort(ordered), whole)
        assert np.array_equal(ordered[np.isin(ordered, part)], order(seed, epoch, part))

    def test_every_epoch_and_seed_has_its_own(self):
        orders = {order(seed, epoch, np.arange(50)).tobytes()
                  for seed in range(5) for epoch in range(5)}  # fmt: skip
        assert len(orders) == 25

    def test_every_place_is_equally_likely(self):
        places = np.array([order(0, epoch, np.arange(4)) for epoch in range(4000)])
        counts = np.array([np.bincount(column, minlength=4) for column in places.T])
        # Each count is binomial(4000, 1/4): five standard deviations are 137.
        assert np.abs(counts - 1000).max() < 137

    def test_a_smaller_training_set_holds_the_first_rows_of_a_larger_one(self):
        task = made_up(n=60, valid=10)
        small, large = (task.split(3, First(n=n)).train for n in (20, 40))
        assert set(small.tolist()) < set(large.tolist())


class TestDropout:
    @few
    @given(st.integers(0, 2**40), rates, rates, st.integers(1, 20), st.integers(0, 10**6))
    def test_a_higher_rate_drops_all_that_a_lower_one_drops(self, seed, one, other, units, step):
        low, high = (masks_of(rate, seed, 0, step, units, 32) for rate in sorted([one, other]))
        assert not ((low == 0) & (high != 0)).any()

    @few
    @given(rates)
    def test_the_mask_has_two_values_and_the_mean_one(self, rate):
        real = realised_rate(rate)
        mask = masks_of(rate, 0, 1, 2, 64, 512).double()
        assert set(mask.unique().tolist()) <= {0.0, float(torch.tensor(1 / (1 - real)))}
        n = mask.numel()
        assert abs(real - rate) <= 0.5 / 65_536 + 1e-12
        # The share dropped is binomial: five standard deviations.
        dropped = float((mask == 0).double().mean())
        assert abs(dropped - real) <= 5 * (real * (1 - real) / n) ** 0.5 + 1e-12

    def test_the_mean_activation_is_preserved_over_draws(self):
        total = sum(masks_of(0.3, seed, 0, 0, 16, 64).double() for seed in range(1500)) / 1500
        # Each element's mean has a standard deviation of 0.017; their mean of 0.0005.
        assert abs(float(total.mean()) - 1) < 0.0025
        assert float((total - 1).abs().max()) < 0.1

    def test_rates_of_an_eighth_of_a_percent_are_kept_apart(self):
        # With eight bits a rate of 0.2 would be 51/256.
        assert realised_rate(0.2) == pytest.approx(0.2, abs=1e-5)
        assert realised_rate(0.0) == 0.0
        assert realised_rate(1 - 1e-12) < 1

    def test_a_narrower_layer_and_a_smaller_batch_share_what_they_have(self):
        noise = KeyedNoise()
        wide = noise.draw([(3, 5)], 0, 20, 32)[0]
        assert torch.equal(noise.draw([(3, 5)], 0, 8, 32)[0], wide[:8])

    def test_groups_of_one_seed_at_one_step_share_their_noise(self):
        noise = KeyedNoise()
        drawn = noise.draw([(3, 5), (4, 5), (3, 5), (3, 6)], 1, 7, 16)
        assert torch.equal(drawn[0], drawn[2])
        assert not torch.equal(drawn[0], drawn[1])
        assert not torch.equal(drawn[0], drawn[3])
        assert torch.equal(drawn[1], KeyedNoise().draw([(4, 5)], 1, 7, 16)[0])

    def test_arms_of_one_seed_drop_alike(self):
        # An arm that drops nothing (rate below one level) beside one that does: only rates differ.
        task = made_up(n=32)
        fit = Fit(epochs=2, batch_size=8, dtype="float64")
        for rate in (1e-9, 0.2, 0.5):
            run = of(task, net=MLP(hidden=(9, 4), dropout=rate), seed=3, fit=fit)
            done = trained([run], task)[run.key]
            reference = plain.train_plainly(run, task)
            plain.assert_same_weights(done.weights, reference, rtol=1e-9, atol=1e-11)

    def test_nothing_is_dropped_where_a_run_is_scored(self):
        task = made_up(n=64, n_test=0, valid=0.5)
        run = of(task, net=MLP(hidden=(16,), dropout=0.5), optim=SGD(lr=1e-60), seed=1,
                 fit=Fit(epochs=1, batch_size=8))  # fmt: skip
        history = trained([run], task)[run.key].outcome.history
        rows = task.split(1).valid
        z = plain.forward(run, plain.first_params(run, task), plain.inputs(run, task, rows))
        expected = plain.example_losses(run, task, z, rows).mean().detach()
        assert history["valid_loss"][0] == pytest.approx(float(expected), rel=1e-5)


def masks_of(rate: float, seed: int, layer: int, step: int, units: int, lanes: int) -> torch.Tensor:
    """Draw one run's mask, (units, lanes), by the engine's own way."""
    noise = KeyedNoise().draw([(seed, step)], layer, units, lanes)
    real = torch.tensor([realised_rate(rate)], dtype=torch.float64).view(-1, 1, 1)
    out = torch.empty(1, units, lanes)
    fill_masks(noise, threshold(real).float(), (1 / (1 - real)).float(), out)
    return out[0]
