"""How large activations and gradients are, layer by layer, at the first weights."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mlplab.data import Task
from mlplab.errors import ConfigError
from mlplab.specs import Run


@dataclass(frozen=True, eq=False)
class Signal:
    """Sizes by layer, from the first hidden layer to the outputs, (L,).

    Attributes:
        mean_square: of what the layer hands on (activations; for the last one, outputs), over
            examples and units.
        variance: of the same over examples, mean over units: what tells examples apart.
        delta_square: mean square of the loss gradient with respect to z = W x + b, times the
            number of examples squared, so that it does not depend on it.
        weight_gradient: root mean square of the weights' gradient.
    """

    mean_square: NDArray[np.float64]
    variance: NDArray[np.float64]
    delta_square: NDArray[np.float64]
    weight_gradient: NDArray[np.float64]


def signal(run: Run, task: Task, n_examples: int = 1024) -> Signal:
    """Send training examples through a run's first weights and the loss gradient back.

    Norms and dropout are left out: it is the initialisation that is looked at.

    Args:
        run: whose network, seed and rows are taken.
        task: the data; only training rows are used.
        n_examples: how many of them.

    Returns:
        The sizes by layer.

    Raises:
        ConfigError: a residual network.

    Cost: one forward and backward pass in float64. Source: Glorot and Bengio (2010); He et al.
    (2015), arXiv 1502.01852.

    >>> from mlplab.data import load_task
    >>> from mlplab.specs import MLP, TaskRef
    >>> digits = load_task("digits")
    >>> net = MLP(hidden=(100, 100), init="normal:0.01")
    >>> found = signal(Run(net=net, task=TaskRef(**digits.spec())), digits)
    >>> bool(found.variance[1] < found.variance[0] / 100)
    True
    """
    import torch
    from torch.nn import functional

    from mlplab.engine.initialise import initial_weight
    from mlplab.theory.differentiable import differentiable

    if run.mlp.residual:
        raise ConfigError("signal: expected a network without residual connections")
    rows = task.split(run.seed, run.rows).train[:n_examples]
    widths = [task.n_features, *run.mlp.hidden, task.n_outputs]
    applied = differentiable(run.mlp.activation)
    inputs = torch.from_numpy(np.array(task.inputs[rows], dtype=np.float64)) * task.input_scale
    with torch.enable_grad():
        h = inputs
        weights, sums, handed = [], [], []
        for layer, (n_in, n_out) in enumerate(pairwise(widths)):
            drawn = initial_weight(run.mlp.init, run.seed, layer, n_out, n_in)
            weight = torch.from_numpy(np.array(drawn)).requires_grad_()
            z = h @ weight.t()
            z.retain_grad()
            weights.append(weight)
            sums.append(z)
            h = z if layer == len(widths) - 2 else applied(z)
            handed.append(h)
        y = torch.from_numpy(np.array(task.targets[rows]))
        if task.kind == "classification":
            loss = functional.cross_entropy(h, y)
        else:
            loss = functional.mse_loss(h, y.to(h.dtype).view(len(rows), -1))
        loss.backward()  # type: ignore[no-untyped-call]
    n = len(rows)

    def square(tensor: torch.Tensor | None) -> float:
        return 0.0 if tensor is None else float(tensor.square().mean())

    return Signal(
        mean_square=np.array([float(h.detach().square().mean()) for h in handed]),
        variance=np.array([float(h.detach().var(0, correction=0).mean()) for h in handed]),
        # The loss is a mean: each example's own delta is n times its part of the gradient.
        delta_square=np.array([square(z.grad) * n * n for z in sums]),
        weight_gradient=np.array([square(w.grad) ** 0.5 for w in weights]),
    )
