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
