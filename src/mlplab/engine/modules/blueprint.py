"""Static properties of a module, found by one trial: parameters, flop, whether vmap applies."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from mlplab.engine.heap import give_back
from mlplab.engine.modules.factory import Factory, ModuleFactory, make_module
from mlplab.engine.modules.flop import FlopCount
from mlplab.engine.modules.noise import keyed_noise, no_noise, no_other_source
from mlplab.engine.modules.skeleton import Skeleton
from mlplab.engine.surroundings import training_mode
from mlplab.errors import ConfigError, users_code
from mlplab.specs import Module
from mlplab.specs.plugins import find_plugin

_TRIED = 2  # examples, and runs, that a module is tried with


@dataclass(frozen=True)
class Blueprint:
    """The static part of a module.

    Attributes:
        n_params: numbers that one run learns.
        n_fixed: numbers that it carries beside: buffers and frozen parameters.
        flop_per_score: of one example's forward pass, as torch counts them.
        kept_per_example: numbers that a forward pass keeps for the backward one.
        stacks: whether torch.func.vmap can run several copies at once.
    """

    n_params: int
    n_fixed: int
    flop_per_score: int
    kept_per_example: int
    stacks: bool


def blueprint_of(net: Module, n_features: int, n_outputs: int, dtype: str) -> Blueprint:
    """Try a module on a few zeros.

    Raises:
        ConfigError: it fails, its outputs have another shape, it learns nothing, what it draws
            does not come from torch's functions, or it keeps something beside its buffers.
    """
    found: ModuleFactory = find_plugin("module", net.name)
    return _look(found.function, net, n_features, n_outputs, dtype)


@lru_cache(maxsize=256)
def _look(function: Factory, net: Module, n_features: int, n_outputs: int, dtype: str) -> Blueprint:
    kind = getattr(torch, dtype)
    place = torch.device("cpu")
    with (
        training_mode(place), torch.inference_mode(False), torch.enable_grad(),
        no_other_source(f"module {net.name!r}"), warnings.catch_warnings(),
    ):  # fmt: skip
        # They come again where the module trains; as errors, they would decide whether it stacks.
        warnings.simplefilter("ignore")
        model = make_module(net, n_features, n_outputs, kind, seed=0).train()
        again = make_module(net, n_features, n_outputs, kind, seed=0)
        _check_same(net, model, again)
        skeleton = Skeleton(again)
        learned, carried = skeleton.learned, skeleton.carried
        if not learned:
            raise ConfigError(f"module {net.name!r}: it has no parameters to learn")
        x = torch.zeros(_TRIED, n_features, dtype=kind)
        _check_repeats(net, skeleton, x)
        with keyed_noise(net.name, place, 0, "module trial"), users_code("module", net.name):
            kept = _try(net, model, x, n_outputs)
            again.train()
            with FlopCount() as count, torch.no_grad():
                again(x)
            with torch.no_grad():
                model.eval()(x)
            stacks = _stacks(skeleton, x)
    give_back()  # several copies of its weights
    return Blueprint(
        n_params=sum(p.numel() for p in learned.values()),
        n_fixed=sum(b.numel() for b in carried.values()),
        flop_per_score=count.flop // _TRIED,
        kept_per_example=kept // _TRIED,
        stacks=stacks,
    )


def _check_same(net: Module, one: nn.Module, other: nn.Module) -> None:
    twice = zip(one.state_dict().items(), other.state_dict().items(), strict=False)
    for (name, first), (_, second) in twice:
        if first.shape != second.shape or not torch.equal(first, second):
            raise ConfigError(
                f"module {net.name!r}: made twice from one seed, {name} differs; draw first "
                "weights with torch's own generator (torch.randn, torch.nn.init)"
            )


def _check_repeats(net: Module, skeleton: Skeleton, x: Tensor) -> None:
    """Raise a ConfigError where a second call with the same numbers and noise gives others."""
    answers = []
    for _ in range(2):
        tensors = {n: t.clone() for n, t in (skeleton.learned | skeleton.carried).items()}
        noise = keyed_noise(net.name, x.device, 0, "module trial")
        with noise, torch.no_grad(), users_code("module", net.name):
            answers.append(skeleton.call(tensors, x)[0])
    first, second = answers
    if isinstance(first, Tensor) and not torch.allclose(first, second, 0, 0, equal_nan=True):
        raise ConfigError(
            f"module {net.name!r}: called twice on the same numbers, it gives different ones; what "
            "it keeps from call to call its runs would share, unless it is a buffer "
            "(register_buffer)"
        )


def _try(net: Module, model: nn.Module, x: Tensor, n_outputs: int) -> int:
    """Go forward and back once; return how many numbers were kept in between."""
    weights = {p.data_ptr() for p in model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        # By address: what several operations save is in memory once; weights count apart.
        if tensor.data_ptr() not in weights:
            kept[tensor.data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        outputs = model(x)
    check_outputs(net.name, outputs, (len(x), n_outputs), x.shape[1])
    if not outputs.requires_grad:
        raise ConfigError(f"module {net.name!r}: its outputs do not depend on its parameters")
    with no_noise(f"module {net.name!r}, on its way back (activation checkpointing?)"):
        outputs.sum().backward()
    return sum(kept.values())


def check_outputs(name: str, outputs: Any, shape: tuple[int, int], n_features: int) -> None:
    """Raise a ConfigError unless outputs are a tensor (B, n_outputs)."""
    if isinstance(outputs, Tensor) and tuple(outputs.shape) == shape:
        return
    got = tuple(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
    raise ConfigError(
        f"module {name!r}: expected outputs of shape {shape} for inputs {(shape[0], n_features)}; "
        f"got {got}"
    )


def _stacks(skeleton: Skeleton, x: Tensor) -> bool:
    """Say whether vmap can go forward and back through copies of a module."""
    own = {n: torch.stack([p] * _TRIED).requires_grad_() for n, p in skeleton.learned.items()}
    beside = {n: torch.stack([b] * _TRIED) for n, b in skeleton.carried.items()}
    try:
        outputs, _ = skeleton.call_stacked(own, beside, torch.stack([x] * _TRIED))
        torch.autograd.grad(outputs.sum(), list(own.values()), allow_unused=True)
    except Exception:
        # Noise, recurrent kernels, branches on values: such runs are called one by one.
        return False
    return True
