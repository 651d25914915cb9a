"""A small autograd: operations write themselves down, and the record is read backwards.

This is back-propagation seen a third way. A graph shows it as a picture and equations as algebra;
a tape shows it as a program. Every operation appends a `Node` to the tape: what it gave, what it
was made of, and for each of those a function that turns the derivative by the output into the
derivative by that input. `Node.backward` reads the tape from its end and adds these up. Nothing
else is needed, so this is the whole of it; it is written to be read, and not to be fast.

>>> tape = Tape()
>>> w, x, b = tape.leaf(2.0, "w"), tape.leaf(3.0, "x"), tape.leaf(1.0, "b")
>>> y = (w * x + b).tanh()
>>> y.backward()
>>> bool(np.isclose(w.gradient, 3.0 * (1 - np.tanh(7.0) ** 2)))
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError

Array = NDArray[np.float64]
Pullback = Callable[[Array], Array]
"""Turns the derivative by an operation's output into that by one of its inputs."""


class Tape:
    """The record of all operations, in the order in which they were computed."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def leaf(self, value: ArrayLike, name: str = "") -> Node:
        """Put a number or an array on the tape that no operation gave."""
        return self.record(np.asarray(value, dtype=np.float64), name or "leaf")

    def record(self, value: Array, operation: str, *made_of: tuple[Node, Pullback]) -> Node:
        """Write down an operation: what it gave, what it was made of, and the way back."""
        node = Node(self, len(self.nodes), operation, value, made_of, np.zeros_like(value))
        self.nodes.append(node)
        return node

    def steps(self) -> Iterator[Node]:
        """Yield the nodes in the order in which `backward` visits them."""
        return reversed(self.nodes)


@dataclass(eq=False)
class Node:
    """One line of the tape.

    Attributes:
        tape: where it stands.
        place: its line, from 0.
        operation: what gave it.
        value: what it is.
        made_of: the nodes it was computed from, each with its way back.
        gradient: of the node on which `backward` was called, by this one; of the same shape.
    """

    tape: Tape
    place: int
    operation: str
    value: Array
    made_of: tuple[tuple[Node, Pullback], ...]
    gradient: Array

    def backward(self) -> None:
        """Find the derivative of this number by every node before it.

        When a node's turn comes, all that was made of it has been visited, for it stands later on
        the tape: its gradient is complete. That is all that the order is for.

        Raises:
            ConfigError: it is an array, whose derivative by an array would be no array of its
                shape.
        """
        if self.value.shape:
            raise ConfigError(f"backward: expected a number; got an array {self.value.shape}")
        for node in self.tape.nodes:
            node.gradient = np.zeros_like(node.value)
        self.gradient = np.ones_like(self.value)
        for node in self.tape.steps():
            for made_of, pullback in node.made_of:
                # Added, not set: what is used twice gets a share from each use.
                made_of.gradient = made_of.gradient + pullback(node.gradient)

    def __add__(self, other: Node | float) -> Node:
        other = self._node(other)
        return self._record(
            self.value + other.value, "+", (self, lambda d: d), (other, lambda d: d)
        )

    def __mul__(self, other: Node | float) -> Node:
        other = self._node(other)
        a, b = self.value, other.value
        return self._record(a * b, "*", (self, lambda d: d * b), (other, lambda d: d * a))

    def __pow__(self, power: float) -> Node:
        a = self.value
        return self._record(
            a**power, f"**{power:g}", (self, lambda d: d * power * a ** (power - 1))
        )

    def __matmul__(self, other: Node) -> Node:
        """Multiply a matrix by a vector or a matrix."""
        a, b = self.value, other.value
        if a.ndim != 2 or b.ndim not in (1, 2) or a.shape[1] != b.shape[0]:
            raise ConfigError(f"@: expected (n, m) and (m,) or (m, k); got {a.shape}, {b.shape}")
        to_a: Pullback = (lambda d: np.outer(d, b)) if b.ndim == 1 else (lambda d: d @ b.T)
        return self._record(a @ b, "@", (self, to_a), (other, lambda d: a.T @ d))

    def __neg__(self) -> Node:
        return self * -1.0

    def __sub__(self, other: Node | float) -> Node:
        return self + -self._node(other)

    def __truediv__(self, other: Node | float) -> Node:
        return self * self._node(other) ** -1.0

    __radd__, __rmul__ = __add__, __mul__

    def exp(self) -> Node:
        """Apply the exponential to each entry."""
        h = np.exp(self.value)
        return self._record(h, "exp", (self, lambda d: d * h))

    def log(self) -> Node:
        """Apply the natural logarithm to each entry."""
        a = self.value
        return self._record(np.log(a), "log", (self, lambda d: d / a))

    def tanh(self) -> Node:
        """Apply tanh to each entry."""
        h = np.tanh(self.value)
        return self._record(h, "tanh", (self, lambda d: d * (1 - h * h)))

    def relu(self) -> Node:
        """Apply max(z, 0) to each entry; the derivative at 0 is taken to be 0."""
        a = self.value
        return self._record(np.maximum(a, 0), "relu", (self, lambda d: d * (a > 0)))

    def sum(self) -> Node:
        """Add up all entries."""
        a = self.value
        return self._record(np.asarray(a.sum()), "sum", (self, lambda d: d * np.ones_like(a)))

    def _node(self, other: Node | float) -> Node:
        return other if isinstance(other, Node) else self.tape.leaf(other, f"{other:g}")

    def _record(self, value: Array, operation: str, *made_of: tuple[Node, Pullback]) -> Node:
        fitted = ((node, _fitting(pullback, node.value.shape)) for node, pullback in made_of)
        return self.tape.record(np.asarray(value), operation, *fitted)


def _fitting(pullback: Pullback, shape: tuple[int, ...]) -> Pullback:
    """Add up what goes back along axes on which an entry was used many times (broadcasting)."""

    def fit(d: Array) -> Array:
        d = pullback(d)
        d = d.sum(axis=tuple(range(d.ndim - len(shape))))
        kept = tuple(axis for axis, size in enumerate(shape) if size == 1 and d.shape[axis] > 1)
        return np.asarray(d.sum(axis=kept, keepdims=True))

    return fit
