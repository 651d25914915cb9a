"""Tensors as safetensors bytes, without the copies that the library makes of each."""

from __future__ import annotations

import json
from collections.abc import Mapping

import torch
from torch import Tensor

_NAMES = {torch.float32: "F32", torch.float64: "F64"}


def tensor_bytes(tensors: Mapping[str, Tensor], note: Mapping[str, str] | None = None) -> bytes:
    """Return what `safetensors.torch.save` returns, in memory of its size: that takes four times.

    Tensors of other types, or of several, go through the library.

    >>> len(tensor_bytes({"w": torch.zeros(1000)}))
    4072
    """
    kept = {name: tensor.cpu().contiguous() for name, tensor in sorted(tensors.items())}
    kinds = {tensor.dtype for tensor in kept.values()}
    if len(kinds) != 1 or not kinds <= _NAMES.keys():
        from safetensors.torch import save

        return bytes(save(kept, None if note is None else dict(note)))
    header: dict[str, object] = {} if note is None else {"__metadata__": dict(note)}
    at = 0
    for name, tensor in kept.items():
        header[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [at, at + tensor.nbytes],
        }
        at += tensor.nbytes
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    parts = [tensor.numpy().data for tensor in kept.values()]
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])
