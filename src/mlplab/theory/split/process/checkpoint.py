"""A split's checkpoints: each process writes its part, and any other split reads what it needs."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.checkpoint.metadata import TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load as load_state
from torch.distributed.checkpoint.state_dict_saver import save as save_state

from mlplab.errors import ConfigError

_STATE = "optimiser"


def _storage() -> Any:
    """Return torch's module for checkpoints of safetensors.

    Raises:
        ConfigError: this torch has none that writes parts.
    """
    older = ConfigError(f"checkpoint: needs a newer torch; this is {torch.__version__}")
    try:
        from torch.distributed.checkpoint import hf_storage
    except ImportError:
        raise older from None
    if "save_distributed" not in signature(hf_storage.HuggingFaceStorageWriter).parameters:
        raise older
    return hf_storage


def save(folder: Path, parameters: dict[str, nn.Parameter], optim: torch.optim.Optimizer) -> None:
    """Write parameters and optimiser state as safetensors, without a pickle."""
    state: dict[str, Any] = {name: p.detach() for name, p in parameters.items()}
    for name, parameter in parameters.items():
        for key, value in optim.state.get(parameter, {}).items():
            if isinstance(value, Tensor):
                state[f"{_STATE}.{name}.{key}"] = value
    save_state(
        state,
        storage_writer=_storage().HuggingFaceStorageWriter(str(folder), save_distributed=True),
        no_dist=dist.get_world_size() == 1,
    )


def load(folder: Path, parameters: dict[str, nn.Parameter], optim: torch.optim.Optimizer) -> None:
    """Read, into a process's parameters and optimiser, the parts that they need."""
    reader = _storage().HuggingFaceStorageReader(str(folder))
    state: dict[str, Any] = {name: p.detach() for name, p in parameters.items()}
    for name, stored in reader.read_metadata().state_dict_metadata.items():
        prefix, _, rest = name.partition(".")
        owner, _, key = rest.rpartition(".")
        if prefix != _STATE or owner not in parameters:
            continue
        assert isinstance(stored, TensorStorageMetadata)
        parameter = parameters[owner]
        if stored.size == parameter.shape:
            # Cut as the parameter is, if it is.
            value = torch.zeros_like(parameter.detach())
        else:
            value = torch.zeros(stored.size, dtype=stored.properties.dtype)
        state[name] = value
        optim.state[parameter][key] = value
    load_state(state, storage_reader=reader, no_dist=dist.get_world_size() == 1)
