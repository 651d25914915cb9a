"""The small autograd: torch's gradients on random programs, and what a tape promises."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mlplab.errors import ConfigError
from mlplab.theory.tape import Tape

SHAPES = st.sampled_from([(), (1,), (3,), (2, 3), (2, 1), (1, 3)])
UNARY = ("exp", "log", "tanh", "relu", "square", "negate")
BINARY = ("add", "subtract", "multiply", "divide")


@st.composite
def programs(draw):
    """Leaves' shapes and seeds, and steps: an operation on nodes that are there by then."""
    shapes = draw(st.lists(SHAPES, min_size=1, max_size=3))
    steps = []
    for there in range(len(shapes), len(shapes) + draw(st.integers(1, 8))):
        node = st.integers(0, there - 1)
        steps.append((draw(st.sampled_from(UNARY + BINARY)), draw(node), draw(node)))
    return shapes, steps, draw(st.integers(0, 2**32 - 1))


def run(leaves, steps):
    """Run a program with someone's functions; numbers stay where all of them are defined."""
    nodes = list(leaves)
    for name, i, j in steps:
        a, b = nodes[i], nodes[j]
        bounded = a.tanh()
        made = {
            "exp": lambda a=bounded: a.exp(),
            "log": lambda a=bounded: (a + 2.0).log(),
            "tanh": lambda a=a: a.tanh(),
            "relu": lambda a=a: a.relu(),
            "square": lambda a=bounded: a**2.0,
            "negate": lambda a=a: -a,
            "add": lambda a=a, b=b: a + b,
            "subtract": lambda a=a, b=b: a - b,
            "multiply": lambda a=bounded, b=b: a * b,
            "divide": lambda a=a, b=b: a / (b**2.0 + 1.0),
        }[name]()
        nodes.append(made)
    total = nodes[0].sum()
    for node in nodes[1:]:
        total = total + node.sum() * 0.5
    return total


@given(programs())
def test_gradients_are_those_of_torch(program):
    shapes, steps, seed = program
    rng = np.random.default_rng(seed)
    values = [rng.standard_normal(shape) for shape in shapes]
    tape = Tape()
    ours = [tape.leaf(value) for value in values]
    theirs = [torch.tensor(value, requires_grad=True) for value in values]
    found, wanted = run(ours, steps), run(theirs, steps)
    found.backward()
    wanted.backward()
    assert found.value == pytest.approx(wanted.item(), rel=1e-12, abs=1e-12)
    for one, other in zip(ours, theirs, strict=True):
        assert one.gradient.shape == one.value.shape
        assert one.gradient == pytest.approx(other.grad.numpy(), rel=1e-9, abs=1e-9)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_products_of_matrices_too(n, m, k, seed):
    rng = np.random.default_rng(seed)
    # k = 0 stands for a vector.
    values = [rng.standard_normal((n, m)), rng.standard_normal((m, k) if k else (m,))]
    tape = Tape()
    a, b = (tape.leaf(value) for value in values)
    ((a @ b).tanh() ** 2).sum().backward()
    c, d = (torch.tensor(value, requires_grad=True) for value in values)
    ((c @ d).tanh() ** 2).sum().backward()
    np.testing.assert_allclose(a.gradient, c.grad.numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(b.gradient, d.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_backward_again_starts_anew():
    tape = Tape()
    x = tape.leaf([1.0, 2.0])
    y = (x * x).sum()
    y.backward()
    y.backward()
    assert x.gradient.tolist() == [2.0, 4.0]


def test_what_comes_later_on_the_tape_gets_nothing():
    tape = Tape()
    x = tape.leaf(2.0)
    y = x * x
    later = y * 3.0
    y.backward()
    assert (x.gradient, later.gradient) == (4.0, 0.0)


def test_every_visit_finds_its_gradient_complete():
    tape = Tape()
    x = tape.leaf([0.3, -0.2])
    y = (x.tanh() * x + x.exp()).sum()
    y.backward()
    after = {node.place: node.gradient for node in tape.nodes}
    for node in tape.nodes:
        assert all(made_of.place < node.place for made_of, _ in node.made_of)
        assert after[node.place].shape == node.value.shape


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda a: (a * a).backward(), r"expected a number; got an array \(2,\)"),
        (lambda a: a @ a, r"expected \(n, m\) and \(m,\)"),
    ],
)
def test_mistakes_get_one_line(wrong, message):
    with pytest.raises(ConfigError, match=message):
        wrong(Tape().leaf([1.0, 2.0]))
