"""A layer's weight gradient as a product not yet formed: added to a tensor, or written."""

from __future__ import annotations

from torch import Tensor

from mlplab.engine.feed import Feed
from mlplab.engine.kernels import Products
from mlplab.engine.sharing import Sharing


class Gradient:
    """The gradient of one layer's weights, (R, O, I), not yet formed; made once for a stack.

    Equals `delta[r] @ below[r]^T`; in the first layer, where `below` is None, `delta[r] @ x[g]`
    with the inputs of the run's group, as the feed has them at this step.
    """

    def __init__(
        self,
        products: Products,
        delta: Tensor,
        below: Tensor | None,
        feed: Feed,
        sharing: Sharing,
    ) -> None:
        self._products = products
        self._delta = delta
        self._below = below
        self._feed = feed
        self._sharing = sharing
        self._deltas = [] if below is not None else sharing.parts(delta)
        self._known: dict[int, tuple[Tensor, list[Tensor]]] = {}

    def _places(self, out: Tensor) -> list[Tensor]:
        """The parts of a buffer that is written to in every step."""
        # Views are cut once, not in every step; `out` is kept so that no other tensor gets its id.
        if id(out) not in self._known:
            self._known[id(out)] = (out, self._sharing.parts(out))
        return self._known[id(out)][1]

    def add_to(self, out: Tensor) -> None:
        """Add the gradient to `out`, a buffer of the stack's own."""
        if self._below is not None:
            self._products.update(out, self._delta, self._below)
            return
        for place, delta, x in zip(self._places(out), self._deltas, self._feed.x, strict=True):
            self._products.shared_update(place, delta, x)

    def write(self, out: Tensor) -> None:
        """Overwrite `out` with the gradient: one pass over it less than adding to zeros."""
        if self._below is not None:
            self._products.gradient(self._delta, self._below, out)
            return
        for place, delta, x in zip(self._places(out), self._deltas, self._feed.x, strict=True):
            self._products.shared_gradient(delta, x, place)
