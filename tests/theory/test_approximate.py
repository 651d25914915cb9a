"""Certified ReLU approximations, and the expressions and intervals on which they stand."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplab.errors import ConfigError
from mlplab.theory import approximate, parse, pieces
from mlplab.theory.expression import FUNCTIONS

TEXTS = (
    "sin(3*x)",
    "x^2",
    "exp(-x^2)",
    "abs(x)",
    "sin(5*x)*cos(2*x) + x/4",
    "tanh(4*x)",
    "sigmoid(10*x)",
    "relu(x - 0.3) - 2*relu(-x)",
    "1/(2 + x)",
    "atan(3*x)^3",
    "sqrt(x + 2.5)",
    "log(3 + x)",
    "pi*x - e",
)


class TestExpression:
    @pytest.mark.parametrize("text", TEXTS)
    @settings(deadline=None, max_examples=60)
    @given(low=st.floats(-1.9, 1.8), width=st.floats(1e-6, 3), share=st.floats(0, 1))
    def test_bounds_hold_the_function_and_its_derivatives(self, text, low, width, share):
        function = parse(text)
        high = min(low + width, 1.9)
        jet = function.jet(np.array([low]), np.array([high]))
        x = low + share * (high - low)
        assert jet.value.low[()].min() <= float(function(x)) <= jet.value.high[()].max()
        h = 1e-5
        slope = float(function(x + h) - function(x - h)) / (2 * h)
        wider = function.jet(np.array([low - h]), np.array([high + h]))
        slack = 1e-6 * (1 + abs(slope))
        assert wider.first.low.min() - slack <= slope <= wider.first.high.max() + slack
        bend = float(function(x + h) - 2 * function(x) + function(x - h)) / h**2
        slack = 1e-3 * (1 + abs(bend))
        assert wider.second.low.min() - slack <= bend <= wider.second.high.max() + slack

    def test_values_are_those_of_numpy(self):
        x = np.linspace(0.1, 1.4, 7)
        wanted = np.sin(3 * x) + np.exp(-(x**2)) / (1 + x) - 2.5e-1 * np.log(x) ** 3
        found = parse("sin(3*x) + exp(-x^2)/(1 + x) - 2.5e-1*log(x)**3")(x)
        assert found == pytest.approx(wanted, rel=1e-14)
        assert parse("7")(x).tolist() == [7.0] * 7
        assert set(FUNCTIONS) >= {"sin", "exp", "abs"}

    @pytest.mark.parametrize(
        "text",
        ["__import__('os').system('true')", "x.real", "y", "lambda: 1", "[1,2]", "x if x else 1",
         "sin", "sin(x, x)", "open('f')", "x @ x", "True", "'a'", "x^x", "x^0.5", "x^99", "2^x",
         "sin(x", "", "x" * 600, "(" * 200 + "x" + ")" * 200 + "y", "x := 3", "f(x)"],
    )  # fmt: skip
    def test_anything_else_is_refused_in_one_line(self, text):
        with pytest.raises(ConfigError, match="function") as caught:
            parse(text)
        assert "\n" not in str(caught.value)


class TestApproximate:
    @pytest.mark.parametrize("text", TEXTS)
    @pytest.mark.parametrize("epsilon", [0.1, 0.003])
    def test_the_error_is_below_its_bound_and_the_bound_below_what_was_asked(self, text, epsilon):
        found = approximate(parse(text), (-2, 2) if "1/" not in text else (-1, 2), epsilon)
        assert found.measured <= found.bound <= epsilon

    @given(st.floats(0.5, 20), st.floats(0.01, 0.5))
    @settings(deadline=None, max_examples=25)
    def test_the_network_is_the_function_that_was_certified(self, frequency, epsilon):
        found = approximate(parse(f"sin({frequency!r}*x)"), (-1, 2), epsilon)
        x = np.linspace(-1, 2, 301)
        (w1, b1), (w2, b2) = found.layers()
        by_layers = np.maximum(x[:, None] @ w1.T + b1, 0) @ w2.T + b2
        assert by_layers[:, 0] == pytest.approx(found(x), abs=1e-9)
        assert found(found.knots) == pytest.approx(found.function(found.knots), abs=1e-9)

    def test_a_straight_line_needs_one_unit(self):
        assert approximate(parse("3*x - 1"), (0, 5), 1e-6).n_units == 1

    @pytest.mark.parametrize("epsilon", [0.1, 0.01, 0.001])
    def test_a_lipschitz_constant_alone_gives_even_segments(self, epsilon):
        # With a kink everywhere in sight of the second derivative only L h / 2 is left.
        found = approximate(parse("abs(sin(40*x))"), (0, 1), epsilon, lipschitz=40.0)
        assert found.n_units <= found.even_units <= found.source_units / 4 + 1
        assert found.even_units == math.ceil(40 / (2 * epsilon) - 1e-9)

    def test_smooth_functions_need_as_many_units_as_theory_says(self):
        # The integral of sqrt(|f''| / (8 eps)) is the least for interpolation, asymptotically.
        x = np.linspace(-2, 2, 100_001)
        for epsilon in (1e-3, 1e-4):
            least = float(np.sqrt(9 * np.abs(np.sin(3 * x)) / (8 * epsilon)).mean() * 4)
            found = approximate(parse("sin(3*x)"), (-2, 2), epsilon).n_units
            assert least * 0.99 < found < least * 1.15

    @pytest.mark.parametrize(
        ("text", "interval", "epsilon", "message"),
        [
            ("1/x", (-1, 1), 0.1, "no bounded slope"),
            ("log(x)", (-1, 1), 0.1, "no bounded slope"),
            ("sin(x)", (2, 1), 0.1, "the smaller first; got 2 1"),
            ("sin(x)", (0, 1), 0.0, "above 0; got 0"),
            ("sin(x)", (0, 1), 1e-15, "below what float64 resolves"),
        ],
    )
    def test_mistakes(self, text, interval, epsilon, message):
        with pytest.raises(ConfigError, match=message):
            approximate(parse(text), interval, epsilon)


class TestPieces:
    @given(st.integers(0, 10_000), st.sampled_from([0.0, 0.25, -0.5]),
           st.lists(st.integers(1, 12), min_size=1, max_size=3))  # fmt: skip
    @settings(deadline=None, max_examples=40)
    def test_between_breakpoints_the_network_is_linear(self, seed, slope, hidden):
        rng = np.random.default_rng(seed)
        widths = [1, *hidden, 2]
        layers = [
            (rng.standard_normal((o, i)), rng.standard_normal(o)) for i, o in pairwise(widths)
        ]
        found = pieces(layers, (-3, 3), slope)

        def network(x):
            h = np.asarray(x)[:, None]
            for place, (w, b) in enumerate(layers):
                h = h @ w.T + b
                if place < len(layers) - 1:
                    h = np.where(h > 0, h, slope * h)
            return h

        assert network(found.points) == pytest.approx(found.values, abs=1e-8)
        shares = rng.random(200)
        x = -3 + 6 * np.sort(shares)
        straight = np.column_stack([np.interp(x, found.points, v) for v in found.values.T])
        assert network(x) == pytest.approx(straight, abs=1e-8)
        assert len(found) <= np.prod([width + 1 for width in hidden])

    def test_the_approximator_has_the_pieces_it_was_built_of(self):
        found = approximate(parse("sin(3*x)"), (-2, 2), 0.05)
        assert pieces(found.layers(), (-2, 2)).breakpoints == pytest.approx(found.knots[1:])

    def test_a_sawtooth_doubles_its_pieces_with_each_layer(self):
        first = [(np.array([[1.0], [1.0]]), np.array([0.0, -0.5]))]
        layers = [*first]
        for _ in range(4):
            layers.append((np.array([[2.0, -4.0], [2.0, -4.0]]), np.array([0.0, -0.5])))
        layers.append((np.array([[2.0, -4.0]]), np.array([0.0])))
        assert len(pieces(layers, (0, 1))) == 2**5

    def test_two_inputs_are_refused(self):
        with pytest.raises(ConfigError, match=r"\(units, 1\); got \(3, 2\)"):
            pieces([(np.ones((3, 2)), np.ones(3))], (0, 1))
