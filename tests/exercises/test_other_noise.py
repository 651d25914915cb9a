"""The source's noise taken apart, and the choice of strengths and of pairs."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from mlplab.engine import predict
from mlplab.exercises.section_4_6.other_noise.kinds import KINDS, Tuned
from mlplab.exercises.section_4_6.other_noise.measure import with_constant
from mlplab.exercises.section_4_6.other_noise.prove import prove
from mlplab.specs import MLP, Run

WIDTHS = (5, 4, 3, 2)


@given(constant=st.floats(-2, 2), seed=st.integers(0, 99))
def test_a_constant_in_the_biases_is_one_on_every_hidden_output(constant, seed):
    draws = np.random.default_rng(seed)
    layers = [
        (draws.standard_normal((o, i)), draws.standard_normal(o)) for i, o in pairwise(WIDTHS)
    ]
    state = {
        f"layers.{i}.{name}": one.astype(np.float32)
        for i, layer in enumerate(layers)
        for name, one in zip(("weight", "bias"), layer, strict=True)
    }
    x = draws.standard_normal((7, 5)).astype(np.float32)
    h = x.astype(np.float64)
    for weight, bias in layers[:-1]:
        h = np.maximum(h @ weight.T + bias, 0) + constant
    expected = h @ layers[-1][0].T + layers[-1][1]
    run = Run(net=MLP(hidden=WIDTHS[1:-1]))
    found = predict(run, with_constant(bytes(save(state)), constant), x)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@given(scores=st.permutations(range(len(KINDS))))
def test_the_pair_can_be_joined_and_is_the_best_that_can(scores):
    strengths = {name: kind.strengths[0] for name, kind in KINDS.items()}
    tuned = Tuned(strengths, dict(zip(KINDS, map(float, scores), strict=True)))

    def joined(one: str, other: str) -> bool:
        return not tuned.arm(one).keys() & tuned.arm(other).keys()

    pairs = [pair for pair in combinations(KINDS, 2) if joined(*pair)]
    best = max(pairs, key=lambda pair: sum(tuned.scores[one] for one in pair))
    assert set(tuned.pair) == set(best)
    assert tuned.pair[0] == tuned.best
    assert tuned.rival != "dropout"


def test_only_a_strong_end_is_an_edge():
    scores = dict.fromkeys(KINDS, 0.0)
    weakest = Tuned({name: kind.strengths[0] for name, kind in KINDS.items()}, scores)
    strongest = Tuned({name: kind.strengths[-1] for name, kind in KINDS.items()}, scores)
    assert weakest.edges() == ()
    assert {edge.factor for edge in strongest.edges()} == set(KINDS)


def test_the_exact_statements_hold():
    assert all(one.holds for one in prove())
