"""Any torch module as an extractor, known again by its weights and by what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.data.content import content_hash
from mlplab.errors import ConfigError, users_code
from mlplab.shift.features.batches import apply_module, evaluating
from mlplab.shift.features.extractor import Extractor, Preprocess
from mlplab.shift.images.decode import Pixels
from mlplab.specs.keyed import philox

if TYPE_CHECKING:
    from torch import nn

# Upright, lying, and smaller than what most networks take.
_PROBES = ((120, 90), (64, 200), (20, 30))
# Steps between which a probe's features are told apart: rounding differs between processors.
_DIGITS = 3


def module_extractor(
    module: nn.Module, preprocess: Preprocess | None, *, name: str | None = None
) -> Extractor:
    """Return any torch module, with a preprocessing, as an extractor.

    Features are kept under the module's weights, its printed form, and what preprocessing and
    module make of three images of noise: code that has changed is noticed by what it does.

    Args:
        module: takes (B, C, H', W') and gives (B, ...); called as in evaluation.
        preprocess: takes an image, (H, W, 3) bytes, and gives an array or tensor, (C, H', W').
        name: for people; the module's class by default.

    Raises:
        ConfigError: no module, no preprocessing, one that fails, or results that change from call
            to call.

    >>> from torch import nn
    >>> module_extractor(nn.AdaptiveAvgPool2d(1), lambda image: image.transpose(2, 0, 1) / 255).name
    'AdaptiveAvgPool2d'
    """
    import torch

    if not isinstance(module, torch.nn.Module):
        raise ConfigError(f"extractor: expected a name or a torch module; got {module!r}")
    name = name or type(module).__name__
    if not callable(preprocess):
        raise ConfigError(
            f"features {name!r}: expected preprocess=, a function of an image (H, W, 3) of bytes "
            f"that gives what the module takes, (C, H, W); got {preprocess!r}"
        )
    unkeyed = Extractor(name=name, preprocess=preprocess, module=module)
    made, again = _probed(unkeyed), _probed(unkeyed)
    if any(not np.array_equal(made[part], again[part], equal_nan=True) for part in made):
        raise ConfigError(f"features {name!r}: draw at random; make them a function of the image")
    weights = {f"weight {key}": _array(value) for key, value in module.state_dict().items()}
    key = content_hash({"module": repr(module)}, made | weights)
    return Extractor(name=name, preprocess=preprocess, module=module, key=key)


def _probed(extractor: Extractor) -> dict[str, Any]:
    out: dict[str, Any] = {}
    with evaluating(extractor.module):
        for i, image in enumerate(_probe_images()):
            with users_code("preprocessing of", extractor.name):
                prepared = _array(extractor.preprocess(image))
            row = apply_module(extractor, [prepared], 1)[0]
            out |= {f"prepared {i}": prepared, f"row {i}": _rounded(row)}
    return out


def _probe_images() -> list[Pixels]:
    noise = philox(0, "shift/probe")
    return [noise.integers(0, 256, (*size, 3), dtype=np.uint8) for size in _PROBES]


def _rounded(row: Any) -> Any:
    largest = float(np.abs(row).max(initial=0.0))
    scale = 10.0 ** (np.floor(np.log10(largest)) - _DIGITS) if 0 < largest < np.inf else 1.0
    return np.round(row / scale)


def _array(values: Any) -> Any:
    return values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
