"""Random numbers of user-defined modules, from generators keyed by seed instead of torch's own."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from mlplab.errors import ConfigError
from mlplab.specs.keyed import philox

_SEEDED = torch.Tag.nondeterministic_seeded
_INSTEAD = "draw in the forward pass with torch.rand, torch.randn or dropout"
_DRAWS: dict[Any, bool] = {}  # looking at tags takes longer than calling some functions
# The forms of a drawing function, and those of them that take a generator.
_FORMS = {
    "default": "generator",
    "out": "generator_out",
    "low": "low_generator",
    "low_out": "low_generator_out",
    "low_dtype": "low_generator_dtype",
    "low_dtype_out": "low_generator_dtype_out",
    "Tensor": "Tensor_generator",
    "Tensor_out": "Tensor_generator_out",
}

# Tagged as drawing, for their dropout; on a CPU they are chosen where there is none.
_UNSEEDED = [
    getattr(torch.ops.aten, name)
    for name in ("_scaled_dot_product_flash_attention_for_cpu", "_fused_sdp_choice")
    if hasattr(torch.ops.aten, name)
]


class KeyedDraws(TorchDispatchMode):
    """Hands a generator of its own to whatever draws inside its block, in this thread alone.

    Args:
        whose: what draws, for its errors.
        number: seeds the generator; None refuses all draws.
        own: whether generators that the module brings may be drawn from.
        instead: what its errors advise.
    """

    def __init__(
        self, whose: str, number: int | None, own: bool = False, instead: str = _INSTEAD
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._whose = whose
        self._instead = instead
        self._own = own
        self._generator: torch.Generator | None = None
        if number is not None:
            self._generator = torch.Generator("cpu")
            self._generator.manual_seed(number)

    @classmethod
    # Otherwise torch wraps each call in `_disable_dynamo`, which imports its compiler.
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call, with the generator where torch draws."""
        draws = _DRAWS.get(func)
        if draws is None:
            draws = _DRAWS[func] = _SEEDED in func.tags
        if not draws:
            return func(*args, **kwargs) if kwargs else func(*args)
        given = dict(kwargs or {})
        names = [argument.name for argument in func._schema.arguments]
        if "generator" in names:
            at = names.index("generator")
            if (args[at] if at < len(args) else given.get("generator")) is not None:
                if self._own:
                    return func(*args, **given)
                raise self._refusal(f"{_plain(func)} from a generator of its own")
            return func(*args[:at], *args[at + 1 :], **given, generator=self._source(func))
        if func is torch.ops.aten.native_dropout.default:
            return self._dropout(*args)
        keyed = getattr(func._overloadpacket, _FORMS.get(func._overloadname, ""), None)
        if keyed is not None:
            return keyed(*args, **given, generator=self._source(func))
        if func._overloadpacket in _UNSEEDED:
            return func(*args, **given)
        raise self._refusal(f"{_plain(func)}, which takes no generator")

    def _source(self, func: Any) -> torch.Generator:
        if self._generator is None:
            raise self._refusal(_plain(func))
        return self._generator

    def _dropout(self, x: Tensor, p: float, train: bool | None) -> tuple[Tensor, Tensor]:
        # The same as native_dropout, which takes no generator.
        if not train:
            return x.clone(), torch.ones_like(x, dtype=torch.bool)
        source = self._source(torch.ops.aten.native_dropout.default)
        mask = torch.empty_like(x, dtype=torch.bool).bernoulli_(1 - p, generator=source)
        return x * mask * (0.0 if p == 1 else 1 / (1 - p)), mask

    def _refusal(self, what: str) -> ConfigError:
        return ConfigError(
            f"{self._whose}: it draws by {what}: its runs would share the numbers; {self._instead}"
        )


def _plain(func: Any) -> str:
    return f"torch.{func._overloadpacket.__name__}"


@contextlib.contextmanager
def keyed_noise(
    name: str, device: torch.device, seed: int, purpose: str, *place: int, own: bool = False
) -> Iterator[None]:
    """Let a module draw by the key (seed, purpose, place) inside the block.

    On a CPU from a generator of this block. Elsewhere torch's own are seeded and put back after.

    Raises:
        ConfigError: the module draws from elsewhere.
    """
    number = int(philox(seed, purpose, *place).bit_generator.random_raw()) >> 1
    if device.type == "cpu":
        with KeyedDraws(f"module {name!r}", number, own):
            yield
        return
    with torch.random.fork_rng([device], device_type=device.type):
        torch.default_generator.manual_seed(number)
        torch.get_device_module(device).manual_seed(number)
        yield


@contextlib.contextmanager
def no_noise(whose: str, instead: str = _INSTEAD) -> Iterator[None]:
    """Refuse all draws inside the block.

    Raises:
        ConfigError: something draws.
    """
    with KeyedDraws(whose, None, instead=instead):
        yield


@contextlib.contextmanager
def seed_put_back() -> Iterator[None]:
    """Put torch's own generator back as it was, if a module has seeded it."""
    generator = torch.default_generator
    seed, state = generator.initial_seed(), generator.get_state()
    yield
    # What other threads may have drawn meanwhile is theirs. A module's draws are from elsewhere, so
    # a generator at its seed's first number was seeded again.
    first = torch.Generator().manual_seed(seed).get_state()
    seeded = generator.initial_seed() != seed or torch.equal(generator.get_state(), first)
    if seeded or threading.active_count() == 1:
        generator.set_state(state)


@contextlib.contextmanager
def no_other_source(
    whose: str, instead: str = "draw with torch (torch.rand, torch.randn)"
) -> Iterator[None]:
    """See that what a user wrote draws from torch alone.

    Raises:
        ConfigError: it has drawn from numpy's or Python's own generator, which is put back.
    """
    numpys: Any = np.random.get_state()  # noqa: NPY002
    pythons = random.getstate()
    try:
        yield
    finally:
        now: Any = np.random.get_state()  # noqa: NPY002
        source = ""
        # The place in the stream moves with every draw, the numbers with a seed.
        if now[2:] != numpys[2:] or not np.array_equal(now[1], numpys[1]):
            np.random.set_state(numpys)  # noqa: NPY002
            source = "numpy's"
        if random.getstate() != pythons:
            random.setstate(pythons)
            source = "Python's"
        if source:
            raise ConfigError(
                f"{whose}: it draws from {source} own generator, whose numbers its runs would "
                f"share; {instead}"
            )
