"""The oracle: a run's training written out with torch's autograd and torch.optim, one run only."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mlplab.data import Task
from mlplab.engine.initialise import initial_weight
from mlplab.engine.noise import KeyedNoise, draw_normals, draw_uniforms, realised_rate
from mlplab.engine.order import order
from mlplab.engine.program import padded
from mlplab.engine.weights import unpack_layers
from mlplab.specs import LARS, SGD, AdamW, Lion, RMSprop, Run
from mlplab.specs.activation import activation_settings

ACTS = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "identity": lambda z: z,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "softplus": functional.softplus,
    "leaky-relu": functional.leaky_relu,
    "leaky-relu:0.3": lambda z: functional.leaky_relu(z, 0.3),
    "elu": functional.elu,
    "elu:0.5": lambda z: functional.elu(z, 0.5),
}


@dataclass
class Plain:
    """A plain training: parameters (weight, bias) by layer, and what was seen on the way."""

    params: list[tuple[Tensor, Tensor]]
    further: list[dict[str, Tensor]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    looks: dict[str, list[list[float]]] = field(default_factory=dict)
    """What probes record, by epoch and batch."""


def first_params(run: Run, task: Task) -> list[tuple[Tensor, Tensor]]:
    """Draw a run's first parameters, ready for autograd."""
    dtype = getattr(torch, run.fit.dtype)
    widths = [task.n_features, *run.net.hidden, task.n_outputs]
    made = []
    for layer, (n_in, n_out) in enumerate(pairwise(widths)):
        drawn = np.array(initial_weight(run.net.init, run.seed, layer, n_out, n_in))
        weight = torch.from_numpy(drawn).to(dtype).requires_grad_()
        made.append((weight, torch.zeros(n_out, dtype=dtype, requires_grad=True)))
    return made


def further_params(run: Run) -> list[dict[str, Tensor]]:
    """Make the gains and slopes of the hidden layers, and the running statistics."""
    dtype = getattr(torch, run.fit.dtype)
    kind, settings = activation_settings(run.net.activation)
    made = []
    for width in run.net.hidden:
        own: dict[str, Tensor] = {}
        if run.net.norm != "none":
            own["gain"] = torch.ones(width, dtype=dtype, requires_grad=True)
        if run.net.norm == "batch":
            own["mean"], own["variance"] = (
                torch.zeros(width, dtype=dtype),
                torch.ones(width, dtype=dtype),
            )
        if kind == "prelu":
            n = width if settings["per"] == "unit" else 1
            own["slope"] = torch.full((n,), settings["slope"], dtype=dtype).requires_grad_()
        made.append(own)
    return made


def forward(
    run: Run,
    params: list[tuple[Tensor, Tensor]],
    x: Tensor,
    noise: Noise | None = None,
    further: list[dict[str, Tensor]] | None = None,
    *,
    training: bool = True,
) -> Tensor:
    """Return outputs (N, O)."""
    h = x
    further = further_params(run) if further is None else further
    for i, (weight, bias) in enumerate(params[:-1]):
        if noise is not None:
            weight = noise.of_weights(i, weight, len(h))
        own, below = further[i], h
        # Weights of each example's own where masks are drawn so.
        z = h @ weight.t() if weight.ndim == 2 else torch.einsum("boi,bi->bo", weight, h)
        if run.net.norm == "none":
            h = z + bias
        elif run.net.norm == "layer":
            h = functional.layer_norm(z, bias.shape, own["gain"], bias)
        else:
            stats = own["mean"], own["variance"]
            h = functional.batch_norm(z, *stats, own["gain"], bias, training, 0.1)
        h = h if noise is None else noise.before(i, h)
        if "slope" in own:
            h = functional.prelu(h, own["slope"])
        else:
            h = ACTS[run.net.activation](h)
        given = h
        h = h if noise is None else noise.after(i, h)
        if run.net.skips[i]:
            h = h + below
        if noise is not None:
            noise.hidden.append((given, h))
    weight, bias = params[-1]
    return h @ weight.t() + bias


def example_losses(run: Run, task: Task, z: Tensor, rows: np.ndarray) -> Tensor:
    """Return each example's loss, (N,)."""
    y = torch.from_numpy(np.array(task.targets[rows]))
    if task.kind == "classification" and run.fit.loss in ("auto", "cross-entropy"):
        smoothing = run.fit.label_smoothing
        return functional.cross_entropy(z, y, reduction="none", label_smoothing=smoothing)
    target = functional.one_hot(y, task.n_outputs) if task.kind == "classification" else y
    target = target.to(z.dtype)
    if run.fit.loss == "absolute":
        return functional.l1_loss(z, target, reduction="none").mean(1)
    if run.fit.loss == "huber":
        delta = run.fit.huber_delta
        return functional.huber_loss(z, target, reduction="none", delta=delta).mean(1)
    if run.fit.loss == "log-cosh":
        return torch.log(torch.cosh(z - target)).mean(1)
    return (z - target).square().mean(1)


def batch_loss(run: Run, task: Task, z: Tensor, rows: np.ndarray) -> Tensor:
    """Return the weighted mean of the examples' losses; 0 where all weights are 0."""
    losses = example_losses(run, task, z, rows)
    if task.weights is None:
        return losses.mean()
    weights = torch.from_numpy(np.array(task.weights[rows])).to(losses.dtype)
    return (weights * losses).sum() / weights.sum().clamp_min(1e-37)


def inputs(run: Run, task: Task, rows: np.ndarray) -> Tensor:
    """Return the inputs of rows as floats, (N, I)."""
    x = torch.from_numpy(np.array(task.inputs[rows])).to(getattr(torch, run.fit.dtype))
    return x * task.input_scale


def dropout_mask(
    seed: int,
    layer: int,
    step: int,
    shape: tuple[int, int],
    rate: float,
    purpose: str = "dropout",
    example: int = 0,
) -> Tensor:
    """Return the mask (lanes, U) of a layer by its definition: 0, or 1 / (1 - realised rate)."""
    lanes, width = shape
    noise = (
        KeyedNoise(purpose).draw([(seed, step, example)], layer, width, lanes)[0].float() + 32_768
    )
    real = realised_rate(rate)
    keep = noise.t().to(torch.float64) >= real * 65_536
    return keep.double() / (1 - real)


@dataclass
class Noise:
    """The noise of one step of a run, in batches of so many lanes."""

    run: Run
    step: int
    lanes: int
    hidden: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    """What each hidden layer gave, and what the next one saw, (N, U)."""

    def _mask(self, layer: int, h: Tensor, rate: float) -> Tensor:
        shape = (self.lanes, h.shape[1])
        return dropout_mask(self.run.seed, layer, self.step, shape, rate)[: len(h)].to(h.dtype)

    def of_weights(self, layer: int, weight: Tensor, n: int) -> Tensor:
        """What is left of a hidden layer's weights, (O, I), or (n, O, I) of each example's own."""
        net = self.run.net
        if net.noise not in ("drop-connect", "drop-connect-each"):
            return weight
        outputs, inputs = weight.shape
        shape = (padded(max(inputs, 16)), outputs)
        rate = net.noise_strength[layer]
        place = self.run.seed, layer, self.step, shape, rate, "drop-connect"
        if net.noise == "drop-connect":
            return weight * dropout_mask(*place).t()[:, :inputs].to(weight.dtype)
        masks = torch.stack([dropout_mask(*place, example).t() for example in range(n)])
        return weight * masks[:, :, :inputs].to(weight.dtype)

    def before(self, layer: int, z: Tensor) -> Tensor:
        """What the activation is given."""
        net = self.run.net
        if net.noise != "dropout-before":
            return z
        return z * self._mask(layer, z, net.noise_strength[layer])

    def after(self, layer: int, h: Tensor) -> Tensor:
        """What the next layer sees."""
        net = self.run.net
        if net.noise in ("gaussian", "uniform", "multiplicative"):
            fill = draw_uniforms if net.noise == "uniform" else draw_normals
            noise = KeyedNoise(f"{net.noise} noise", fill, self.run.fit.dtype)
            drawn = noise.draw([(self.run.seed, self.step)], layer, h.shape[1], self.lanes)
            e = net.noise_strength[layer] * drawn[0].t()[: len(h)]
            h = h * (1 + e) if net.noise == "multiplicative" else h + e
        if net.noise == "stochastic-depth" and net.skips[layer]:
            noise = KeyedNoise(f"{net.noise} noise", draw_uniforms, self.run.fit.dtype)
            drawn = noise.draw([(self.run.seed, self.step)], layer, 1, self.lanes)
            rate = net.noise_strength[layer]
            h = h * (drawn[0].t()[: len(h)] >= rate) / (1 - rate)
        return h * self._mask(layer, h, net.dropout[layer]) if net.dropout else h


def train_plainly(run: Run, task: Task) -> Plain:
    """Train one run as a reader of the chapter would, batch by batch."""
    rows = task.split(run.seed, run.rows).train
    made = Plain(first_params(run, task), further_params(run))
    learned = [p for pair in made.params for p in pair]
    learned += [p for own in made.further for p in own.values() if p.requires_grad]
    optimiser = make_optimiser(run, learned)
    means: list[Tensor] = []
    size = run.fit.batch_size
    n_batches = -(-len(rows) // size) if run.fit.last_batch == "keep" else len(rows) // size
    lanes = padded(min(size, len(rows)))
    for epoch in range(run.fit.epochs):
        schedule = run.optim.schedule
        factors = schedule.factors(epoch, run.fit.epochs, n_batches, made.losses)
        ordered, total, norm, seen = order(run.seed, epoch, rows), 0.0, 0.0, 0
        for batch in range(n_batches):
            picked = ordered[batch * size : (batch + 1) * size]
            noise = Noise(run, epoch * n_batches + batch, lanes)
            for group in optimiser.param_groups:
                group["lr"] = run.optim.lr * factors[batch]
            z = forward(run, made.params, inputs(run, task, picked), noise, made.further)
            total += float(example_losses(run, task, z, picked).sum().detach())
            seen += len(picked)
            optimiser.zero_grad()
            batch_loss(run, task, z, picked).backward()
            norm += sum(float(p.grad.double().square().sum()) for p in learned) ** 0.5
            note_looks(made, noise.hidden, epoch)
            if run.optim.clip_value:
                torch.nn.utils.clip_grad_value_(learned, run.optim.clip_value)
            if run.optim.clip_norm:
                torch.nn.utils.clip_grad_norm_(learned, run.optim.clip_norm)
            optimiser.step()
            with torch.no_grad():
                decay = run.fit.ema
                now = [p.detach().clone() for p in learned]
                means = [m + (1 - decay) * (p - m) for m, p in zip(means or now, now, strict=True)]
        made.losses.append(total / seen)
        made.norms.append(norm / n_batches)
    if run.fit.ema:
        with torch.no_grad():
            for p, mean in zip(learned, means, strict=True):
                p.copy_(mean)
    return made


def note_looks(made: Plain, hidden: list[tuple[Tensor, Tensor]], epoch: int) -> None:
    """Write down what a probe would, after the backward pass of a batch."""
    for i, (gave, seen) in enumerate(hidden):
        learned = [*made.params[i], *(p for p in made.further[i].values() if p.requires_grad)]
        values = {
            "activation_mean": seen.mean(),
            "activation_variance": seen.var(correction=0),
            "dead_share": (gave == 0).all(0).double().mean(),
            "grad_norm": sum(p.grad.double().square().sum() for p in learned) ** 0.5,
        }
        for name, value in values.items():
            by_epoch = made.looks.setdefault(f"{name}_{i + 1}", [])
            by_epoch += [[] for _ in range(epoch + 1 - len(by_epoch))]
            by_epoch[epoch].append(float(value.detach()) if isinstance(value, Tensor) else value)


class PlainLion(torch.optim.Optimizer):
    """Lion as its paper writes it; torch has none."""

    def __init__(self, params: list[Tensor], **defaults: Any) -> None:
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            (b1, b2), lr = group["betas"], group["lr"]
            for p in group["params"]:
                mean = self.state[p].setdefault("mean", torch.zeros_like(p))
                update = (b1 * mean + (1 - b1) * p.grad).sign()
                p.sub_(lr * (update + group["weight_decay"] * p))
                mean.copy_(b2 * mean + (1 - b2) * p.grad)


class PlainLARS(torch.optim.Optimizer):
    """Algorithm 1 of LARS's paper, its coefficient as in its equation 6; torch has none.

    A layer's bias, which comes after its weights, takes their local rate.
    """

    def __init__(self, params: list[Tensor], **defaults: Any) -> None:
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        local = 1.0
        for group in self.param_groups:
            decay = group["weight_decay"]
            for p in group["params"]:
                if p.ndim == 2:
                    local = group["trust"] * p.norm() / (p.grad.norm() + decay * p.norm())
                velocity = self.state[p].setdefault("velocity", torch.zeros_like(p))
                velocity.mul_(group["momentum"]).add_(group["lr"] * local * (p.grad + decay * p))
                p.sub_(velocity)


def make_optimiser(run: Run, params: list[Tensor]) -> torch.optim.Optimizer:
    """Make torch's own optimiser of the same name."""
    optim = run.optim
    common: dict[str, Any] = {"lr": optim.lr, "weight_decay": optim.weight_decay}
    if isinstance(optim, SGD):
        looks = optim.nesterov
        return torch.optim.SGD(params, momentum=optim.momentum, nesterov=looks, **common)
    if isinstance(optim, RMSprop):
        return torch.optim.RMSprop(params, alpha=optim.alpha, eps=optim.eps, **common)
    if isinstance(optim, Lion):
        return PlainLion(params, betas=optim.betas, **common)
    if isinstance(optim, LARS):
        return PlainLARS(params, trust=optim.trust, momentum=optim.momentum, **common)
    make = torch.optim.AdamW if isinstance(optim, AdamW) else torch.optim.Adam
    return make(params, betas=optim.betas, eps=optim.eps, **common)


def parameters_in(blob: bytes) -> tuple[list[tuple[Tensor, Tensor]], list[dict[str, Tensor]]]:
    """Return what a finished run left, as `forward` wants it."""
    layers = unpack_layers(blob)
    return [(one.weight, one.bias) for one in layers], [dict(one.further) for one in layers[:-1]]


def assert_same_weights(blob: bytes | None, plain: Plain, **tolerance: float) -> None:
    """Compare a finished run's weights with a plain training's."""
    assert blob is not None
    found = unpack_layers(blob)
    assert len(found) == len(plain.params)
    for layer, (other_weight, other_bias) in zip(found, plain.params, strict=True):
        torch.testing.assert_close(layer.weight, other_weight.detach(), **tolerance)
        torch.testing.assert_close(layer.bias, other_bias.detach(), **tolerance)
    for layer, own in zip(found, plain.further, strict=False):
        assert layer.further.keys() == own.keys()
        for name, other in own.items():
            torch.testing.assert_close(layer.further[name], other.detach(), **tolerance)
