"""What a user might bring, in a module that worker processes can import."""

from __future__ import annotations

import torch
from torch.nn import functional

import mlplab as ml


@ml.activation("users-mish")
def mish(z):
    return z * torch.tanh(functional.softplus(z))


@ml.activation("users-square", derivative=lambda z: 2 * z)
def square(z):
    return z**2


def tanh_slope(z):
    return 1 - torch.tanh(z) ** 2


@ml.activation("users-tanh", derivative=tanh_slope)
def tanh(z):
    return torch.tanh(z)


@ml.init("users-laplace")
def laplace(generator, n_out, n_in):
    return generator.laplace(scale=(1 / n_in) ** 0.5, size=(n_out, n_in))


@ml.init("users-wrong")
def wrong(generator, n_out, n_in):
    return generator.random((n_in + 1, n_out))


@ml.schedule("users-root")
def inverse_root(epoch, epochs):
    return (1 + epoch) ** -0.5


@ml.optimiser("users-momentum", keeps=["velocity"])
def momentum(weight, gradient, rate, velocity, m=0.9):
    velocity.mul_(m).add_(gradient)
    weight.sub_(rate * velocity)


@ml.schedule("users-late-mistake")
def late_mistake(epoch, epochs):
    return 1.0 / (epochs - 1 - epoch)


@ml.schedule("users-no-number")
def no_number(epoch, epochs):
    return float("nan") if epoch else 1.0


@ml.activation("users-mistake")
def mistaken(z):
    return z.no_such_thing()


@ml.activation("users-other-shape")
def other_shape(z):
    return z.mean()


@ml.activation("users-detached")
def detached(z):
    return z.detach().abs()


@ml.activation("users-wrong-slope", derivative=lambda z: 1 / 0)
def wrong_slope(z):
    return z


@ml.init("users-bad-draw")
def bad_draw(generator, n_out, n_in):
    return generator.normal(size=n_out)["weights"]


@ml.optimiser("users-typo")
def typo(weight, gradient, rate):
    weight.sub_(rate * gradient.shape)


@ml.module("users-late-failure")
def late_failure(n_features, n_outputs):
    class Late(torch.nn.Linear):
        """Fails on whole batches, and not on the few examples that it is tried with."""

        def forward(self, x):
            return super().forward(x) if len(x) < 8 else {}["missing\nkey"]

    return Late(n_features, n_outputs)


@ml.module("users-failing-score")
def failing_score(n_features, n_outputs):
    class Failing(torch.nn.Linear):
        def forward(self, x):
            assert self.training, "only trained"
            return super().forward(x)

    return Failing(n_features, n_outputs)


@ml.module("users-backward")
def failing_backward(n_features, n_outputs):
    class Backward(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            raise LookupError("no way back")

    class Model(torch.nn.Linear):
        def forward(self, x):
            return Backward.apply(super().forward(x))

    return Model(n_features, n_outputs)


@ml.metric("users_bad_metric")
def bad_metric(targets, outputs):
    raise ValueError("two\nlines")
