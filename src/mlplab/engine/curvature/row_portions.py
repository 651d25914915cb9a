"""A second-order model over more rows than fit into memory: the sum over portions of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from torch import Tensor

from mlplab.engine.curvature.second_order import SecondOrder


class RowPortions:
    """The sum of second-order models, whose shares of examples add up to 1.

    Equals one `SecondOrder` of all rows. The first models are kept, and the others made again for
    every product.
    """

    def __init__(self, makers: Sequence[Callable[[], SecondOrder]], n_kept: int) -> None:
        """Make the models that are kept.

        Args:
            makers: of each portion's model; the first portion is the largest.
            n_kept: how many are kept, at least 1.

        Cost: a forward and a backward pass more for each product and portion that is not kept.
        """
        self._kept = [make() for make in makers[:n_kept]]
        self._made_again = makers[n_kept:]
        first = self._kept[0]
        self.n_runs, self.n_params, self.n_values = first.n_runs, first.n_params, first.n_values
        self.product_flop = first.product_flop

    def _models(self) -> Iterator[SecondOrder]:
        yield from self._kept
        for make in self._made_again:
            yield make()

    def _sum(self, part: Callable[[SecondOrder], Tensor]) -> Tensor:
        parts = (part(model) for model in self._models())
        total = next(parts)
        for more in parts:
            total = total + more
        return total

    @property
    def loss(self) -> Tensor:
        """See `SecondOrder`."""
        return self._sum(lambda model: model.loss)

    def gradient(self) -> Tensor:
        """See `SecondOrder`."""
        return self._sum(lambda model: model.gradient())

    def hessian_product(self, vectors: Tensor) -> Tensor:
        """See `SecondOrder`."""
        return self._sum(lambda model: model.hessian_product(vectors))

    def gauss_newton_product(self, vectors: Tensor) -> Tensor:
        """See `SecondOrder`."""
        return self._sum(lambda model: model.gauss_newton_product(vectors))
