"""Second derivatives by hand against torch.func, in float64, over random networks."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.func import grad, jvp, vjp
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from mlplab.engine.activations import register_activation
from mlplab.engine.curvature.lanczos import lanczos, quadrature
from mlplab.engine.curvature.second_derivatives import first_derivative, second_derivative
from mlplab.engine.curvature.second_order import Batch, SecondOrder
from mlplab.engine.norms import EPS
from mlplab.specs import MLP
from mlplab.specs.activation import ACTIVATION_FORMS, activation_settings

CLOSE = {"rtol": 1e-9, "atol": 1e-10}
SMOOTH = ["tanh", "sigmoid", "gelu", "silu", "softplus", "elu:0.5", "identity"]
KINKED = ["relu", "leaky-relu:0.3", "prelu:0.2", "prelu:0.2,unit"]
LOSSES = ["cross-entropy", "squared", "log-cosh", "huber", "absolute"]


@register_activation("cubic-of-the-test")
def cubic(z):
    return z + z**3 / 10


def drawn(*shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def weights_of(net, n_in, n_out, n_runs, seed):
    """Draw the numbers of every run, none of them at a special place."""
    widths, out = [n_in, *net.hidden, n_out], {}
    for i in range(len(widths) - 1):
        size, below = widths[i + 1], widths[i]
        out[f"layers.{i}.weight"] = drawn(n_runs, size, below, seed=seed + i) / math.sqrt(below)
        out[f"layers.{i}.bias"] = drawn(n_runs, size, seed=seed + 20 + i) / 3
        if i == len(net.hidden):
            break
        if net.norm != "none":
            out[f"layers.{i}.gain"] = 1 + drawn(n_runs, size, seed=seed + 40 + i) / 4
        if net.norm == "batch":
            out[f"layers.{i}.mean"] = drawn(n_runs, size, seed=seed + 60 + i) / 4
            out[f"layers.{i}.variance"] = drawn(n_runs, size, seed=seed + 80 + i).abs() + 0.2
        kind, own = activation_settings(net.activation)
        if kind == "prelu":
            n = size if own["per"] == "unit" else 1
            out[f"layers.{i}.slope"] = 0.3 + drawn(n_runs, n, seed=seed + 99 + i) / 9
    return out


def act_of(text, own):
    kind, given = activation_settings(text)
    plain = {
        "relu": torch.relu,
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        "gelu": functional.gelu,
        "silu": functional.silu,
        "softplus": functional.softplus,
        "identity": lambda z: z,
        "elu": lambda z: functional.elu(z, given.get("alpha", 1.0)),
        "leaky-relu": lambda z: functional.leaky_relu(z, given.get("slope", 0.0)),
        "prelu": lambda z: z.clamp(min=0) + own.get("slope", 0) * z.clamp(max=0),
        "cubic-of-the-test": cubic,
    }
    return plain[kind]


def outputs_of(net, numbers, x):
    """One run's outputs (B, O), as anyone would write them."""
    h = x
    for i in range(len(net.hidden) + 1):
        own = {n.rsplit(".", 1)[1]: v for n, v in numbers.items() if f".{i}." in n}
        z = h @ own["weight"].T
        if i == len(net.hidden):
            return z + own["bias"]
        if net.norm == "layer":
            z = functional.layer_norm(z, z.shape[1:], own["gain"], own["bias"], EPS)
        elif net.norm == "batch":
            kept = own["mean"], own["variance"], own["gain"], own["bias"]
            z = functional.batch_norm(z, *kept, training=False, eps=EPS)
        else:
            z = z + own["bias"]
        made = act_of(net.activation, own)(z)
        h = made + h if net.skips[i] else made
    return h


def loss_of_outputs(name, z, target, share, delta):
    r = z - target
    each = {
        "cross-entropy": lambda: -(target * z.log_softmax(1)).sum(1),
        "squared": lambda: r.square().mean(1),
        "absolute": lambda: r.abs().mean(1),
        "huber": lambda: torch.where(
            r.abs() <= delta, r.square() / 2, delta * (r.abs() - delta / 2)
        ).mean(1),
        "log-cosh": lambda: torch.log(torch.cosh(r)).mean(1),
    }[name]()
    return (each * share).sum()


class Plain:
    """One run's loss as a function of its numbers in a row, for torch.func."""

    def __init__(self, net, loss, weights, batch, run, delta=1.0):
        self._net, self._loss, self._delta = net, loss, delta
        self._fixed = {n: w[run] for n, w in weights.items() if n.endswith(("mean", "variance"))}
        self._shapes = {n: w.shape[1:] for n, w in weights.items() if n not in self._fixed}
        self.at = torch.cat([weights[n][run].flatten() for n in self._shapes])

        def own(tensor):
            return tensor[run if len(tensor) > 1 else 0]

        self._x, self._target = own(batch.inputs), own(batch.target).T
        self._share = own(batch.share)[0]

    def outputs(self, flat):
        parts = torch.split(flat, [math.prod(shape) for shape in self._shapes.values()])
        named = {n: p.view(s) for (n, s), p in zip(self._shapes.items(), parts, strict=True)}
        return outputs_of(self._net, named | self._fixed, self._x)

    def of_outputs(self, z):
        return loss_of_outputs(self._loss, z, self._target, self._share, self._delta)

    def __call__(self, flat):
        return self.of_outputs(self.outputs(flat))

    def gauss_newton(self, vector):
        z, u = jvp(self.outputs, (self.at,), (vector,))
        _, back = vjp(self.outputs, self.at)
        return back(hvp_of(self.of_outputs, z, u))[0]


def hvp_of(function, at, vector):
    # The Hessian is symmetric; some of torch's backward passes have no forward mode.
    return vjp(grad(function), at)[1](vector)[0]


@st.composite
def cases(draw):
    hidden = tuple(draw(st.lists(st.sampled_from([1, 2, 3, 5]), max_size=3)))
    if len(hidden) > 1 and draw(st.booleans()):
        hidden = (hidden[0],) * len(hidden)
    net = MLP(
        hidden=hidden,
        activation=draw(st.sampled_from([*SMOOTH, *KINKED, "cubic-of-the-test"])),
        norm=draw(st.sampled_from(["none", "batch", "layer"])),
        residual=len(hidden) > 1 and len(set(hidden)) == 1 and draw(st.booleans()),
    )
    n_runs, b = draw(st.sampled_from([1, 3])), draw(st.sampled_from([1, 4, 7]))
    n_in, n_out = draw(st.sampled_from([1, 4])), draw(st.sampled_from([1, 2, 3]))
    loss, seed = draw(st.sampled_from(LOSSES)), draw(st.integers(0, 9999))
    shared = 1 if draw(st.booleans()) else n_runs
    target = drawn(shared, n_out, b, seed=seed + 1)
    if loss == "cross-entropy":
        target = target.softmax(1) if draw(st.booleans()) else one_hot(target)
    share = torch.full((1, 1, b), 1 / b, dtype=torch.float64)
    if draw(st.booleans()):
        share = drawn(shared, 1, b, seed=seed + 2).softmax(2)
    batch = Batch(drawn(shared, b, n_in, seed=seed + 3), target, share)
    return (
        net,
        loss,
        weights_of(net, n_in, n_out, n_runs, seed),
        batch,
        draw(st.sampled_from([1, 3])),
    )


def one_hot(scores):
    return functional.one_hot(scores.argmax(1), scores.shape[1]).to(scores.dtype).transpose(1, 2)


@settings(max_examples=40)
@given(cases())
def test_gradients_and_products_are_those_of_torch_func(case):
    net, loss, weights, batch, k = case
    model = SecondOrder(net, loss, weights, batch, huber_delta=0.7)
    vectors = drawn(model.n_runs, k, model.n_params, seed=7)
    by_hessian, by_gauss_newton = (
        product(vectors) for product in (model.hessian_product, model.gauss_newton_product)
    )
    for run in range(model.n_runs):
        plain = Plain(net, loss, weights, batch, run, delta=0.7)
        torch.testing.assert_close(model.loss[run], plain(plain.at), **CLOSE)
        torch.testing.assert_close(model.gradient()[run], grad(plain)(plain.at), **CLOSE)
        for place, vector in enumerate(vectors[run]):
            wanted = hvp_of(plain, plain.at, vector)
            torch.testing.assert_close(by_hessian[run, place], wanted, **CLOSE)
            wanted = plain.gauss_newton(vector)
            torch.testing.assert_close(by_gauss_newton[run, place], wanted, **CLOSE)


@pytest.mark.parametrize("hidden", [(), (7,), (7, 6)], ids=str)
def test_products_take_the_multiplications_that_are_documented(hidden):
    n_runs, b, k = 2, 11, 3
    net = MLP(hidden=hidden, activation="tanh")
    weights = weights_of(net, 5, 4, n_runs, 0)
    sizes = [w[0].numel() for name, w in weights.items() if name.endswith("weight")]
    total, first = sum(sizes), sizes[0]
    share = torch.full((1, 1, b), 1 / b, dtype=torch.float64)
    batch = Batch(drawn(1, b, 5, seed=1), drawn(1, 4, b, seed=2), share)

    def counted(compute):
        with FlopCounterMode(display=False) as counter:
            compute()
        return counter.get_total_flops() / (2 * b * n_runs)

    assert counted(lambda: SecondOrder(net, "squared", weights, batch).gradient()) == (
        3 * total - first
    )
    model = SecondOrder(net, "squared", weights, batch)
    vectors = drawn(n_runs, k, model.n_params, seed=3)
    assert counted(lambda: model.hessian_product(vectors)) == k * (6 * total - 4 * first)
    assert counted(lambda: model.gauss_newton_product(vectors)) == k * (4 * total - 2 * first)


def cubed_slope(z):
    return 1 + 3 * z**2 / 10


register_activation("cubic-with-slope", cubed_slope)(cubic)


@pytest.mark.parametrize(
    "text", [*SMOOTH, *KINKED[:2], "elu", "elu:0", "cubic-of-the-test", "cubic-with-slope"]
)
def test_an_activations_derivatives_are_autograds(text):
    y = torch.linspace(-30, 30, 96, dtype=torch.float64)  # 0 is not among them
    function = cubic if text.startswith("cubic") else act_of(text, {})
    slope = torch.vmap(grad(function))(y)
    torch.testing.assert_close(first_derivative(text, y), slope, **CLOSE)
    second = second_derivative(text)
    wanted = torch.vmap(grad(grad(function)))(y)
    got = torch.zeros_like(y) if second is None else second(y)
    torch.testing.assert_close(got, wanted, **CLOSE)


def test_every_activation_of_the_vocabulary_is_compared():
    compared = {activation_settings(text)[0] for text in (*SMOOTH, *KINKED)}
    assert compared == set(ACTIVATION_FORMS)


def test_the_kink_of_relu_adds_nothing():
    """Where f'' does not exist it is left out: at z = 0 exactly the product is that of z < 0."""
    net = MLP(hidden=(1,), activation="relu")
    weights = weights_of(net, 1, 1, 1, 0)
    for name in weights:
        weights[name] = torch.ones_like(weights[name])
    x, share = torch.full((1, 1, 1), -1.0, dtype=torch.float64), torch.ones(1, 1, 1)
    model = SecondOrder(net, "squared", weights, Batch(x, torch.zeros_like(x), share.double()))
    eye = torch.eye(4, dtype=torch.float64)[None]
    matrix = model.hessian_product(eye)[0]
    assert matrix.count_nonzero() == 1  # the output's own bias alone
    assert matrix[3, 3] == 2.0


def symmetric(n_runs, size, seed, rank=None):
    made = drawn(n_runs, size, rank or size, seed=seed)
    signs = torch.sign(drawn(n_runs, 1, rank or size, seed=seed + 1))
    return torch.bmm(made * signs, made.transpose(1, 2)) / size


@settings(max_examples=40)
@given(
    n_runs=st.sampled_from([1, 4]),
    size=st.sampled_from([1, 2, 7, 40]),
    rank=st.sampled_from([None, 3]),
    k=st.sampled_from([1, 2, 3]),
    largest=st.booleans(),
    seed=st.integers(0, 999),
)
def test_lanczos_finds_the_eigenvalues_at_an_end(n_runs, size, rank, k, largest, seed):
    k = min(k, size)
    matrix = symmetric(n_runs, size, seed, rank)
    found = lanczos(
        lambda v: torch.bmm(matrix, v.unsqueeze(2)).squeeze(2),
        drawn(n_runs, size, seed=seed + 2),
        k,
        largest=largest,
        tolerance=1e-10,
    )
    values = torch.linalg.eigvalsh(matrix)
    wanted = values.flip(1)[:, :k] if largest else values[:, :k]
    torch.testing.assert_close(found.values, wanted, rtol=1e-8, atol=1e-8)
    # Length 1, orthogonal, and as far from eigenvectors as is said.
    gram = torch.bmm(found.vectors, found.vectors.transpose(1, 2))
    torch.testing.assert_close(gram, torch.eye(k).double().expand(n_runs, k, k), **CLOSE)
    apart = torch.bmm(found.vectors, matrix) - found.vectors * found.values.unsqueeze(2)
    torch.testing.assert_close(apart.norm(dim=2), found.residuals, rtol=1e-4, atol=1e-8)


def test_lanczos_says_how_far_it_came():
    matrix = torch.diag(torch.linspace(0, 1, 400, dtype=torch.float64))
    start = drawn(1, 400, seed=0)
    few, many = (lanczos(lambda v: v @ matrix, start, 2, most=most) for most in (10, 160))
    assert few.n_products == 10
    assert (few.residuals > 1e-6 * few.scale).all()
    assert (many.residuals <= 1e-6 * many.scale).all()
    apart = (few.values[0, :, None] - matrix.diagonal()).abs().amin(1)
    assert (apart <= few.residuals[0]).all()
    ends = torch.tensor([[1.0, 398 / 399]], dtype=torch.float64)
    torch.testing.assert_close(many.values, ends, rtol=1e-6, atol=0)


def test_the_zero_matrix_has_eigenvalues_of_zero():
    found = lanczos(torch.zeros_like, drawn(2, 5, seed=0), 3)
    assert (found.values == 0).all()
    assert (found.residuals == 0).all()


def test_quadrature_is_exact_for_low_degrees():
    matrix, start = symmetric(3, 20, seed=5), drawn(3, 20, seed=6)
    v = start / start.norm(dim=1, keepdim=True)
    nodes, weights = quadrature(lambda u: torch.bmm(matrix, u.unsqueeze(2)).squeeze(2), start, 4)
    torch.testing.assert_close(weights.sum(1), torch.ones(3).double(), **CLOSE)
    power = v
    for degree in range(1, 8):
        power = torch.bmm(matrix, power.unsqueeze(2)).squeeze(2)
        moment = (weights * nodes**degree).sum(1)
        torch.testing.assert_close(moment, (v * power).sum(1), **CLOSE)
    # The next degree is not: the rule has no more to give.
    power = torch.bmm(matrix, power.unsqueeze(2)).squeeze(2)
    assert ((weights * nodes**8).sum(1) < (v * power).sum(1) * (1 - 1e-6)).all()
