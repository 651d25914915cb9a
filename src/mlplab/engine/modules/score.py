"""Scoring and predicting with modules: one run at a time, in evaluation mode."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.engine.device import sum_dtype
from mlplab.engine.losses import loss_of
from mlplab.engine.modules.blueprint import check_outputs
from mlplab.engine.modules.factory import make_module
from mlplab.engine.modules.noise import keyed_noise
from mlplab.engine.modules.program import ModuleProgram
from mlplab.engine.modules.skeleton import Skeleton
from mlplab.engine.modules.stack import OWN
from mlplab.engine.score import Scores
from mlplab.engine.tensor_bytes import tensor_bytes
from mlplab.engine.tensors import TaskTensors
from mlplab.errors import DataError, StoreError, users_code
from mlplab.specs import Module, Run

_PORTION = 512  # rows at a time
_NOTE = "module"  # under which the sizes stand beside the weights


class ModuleScorer:
    """Forward passes of single runs in portions of rows; companions have no part in them."""

    def __init__(
        self, program: ModuleProgram, skeleton: Skeleton, data: TaskTensors, device: torch.device
    ) -> None:
        """`skeleton` is in evaluation mode."""
        self._program, self._skeleton, self._data, self._device = program, skeleton, data, device
        self._dtype = getattr(torch, program.dtype)
        self._loss = loss_of(
            program.loss, program.n_outputs, self._dtype, program.huber_delta, program.classes
        )

    def score(
        self, tensors: Mapping[str, Tensor], rows: Tensor, seed: int, keep_outputs: bool
    ) -> tuple[float, float, NDArray[np.bool_], NDArray[np.generic]]:
        """Return the sums of losses and hits over rows, the hits (N,) and the outputs (N, O).

        Raises:
            ConfigError: the module fails.
        """
        own = {name.removeprefix(OWN): tensor for name, tensor in tensors.items()}
        kept = sum_dtype(self._device)
        sums = torch.zeros(2, 1, dtype=kept, device=self._device)
        program = self._program
        hits = np.empty(len(rows), np.bool_)
        shape = (len(rows) if keep_outputs else 0, program.n_outputs)
        outputs = np.empty(shape, program.dtype)
        with keyed_noise(program.net.name, self._device, seed, "module scores"):
            for first in range(0, len(rows), _PORTION):
                picked = rows[first : first + _PORTION]
                n = len(picked)
                x = torch.zeros(n, program.n_features, dtype=self._dtype, device=self._device)
                target = torch.zeros(1, program.n_outputs, n, dtype=x.dtype, device=x.device)
                self._data.inputs(picked, x)
                self._data.targets(picked, target[0])
                made = _outputs(program.net.name, self._skeleton, own, x, program.n_outputs)
                if keep_outputs:
                    outputs[first : first + n] = made.cpu().numpy()
                # The loss overwrites its argument, which a module may have kept.
                z = made.t().clone(memory_format=torch.contiguous_format).unsqueeze(0)
                judged = self._loss.judge(z, target)
                for total, more in zip(sums, judged.sums(n, kept), strict=True):
                    total += more
                hits[first : first + n] = judged.hit[0].cpu().numpy() > 0.5
        loss, hit = sums[:, 0].tolist()
        return loss, hit, hits, outputs

    @torch.inference_mode(False)
    def score_slots(
        self,
        slots: Iterable[tuple[Mapping[str, Tensor], int] | None],
        rows: Tensor,
        keep_hits: bool,
        keep_outputs: bool,
    ) -> Scores:
        """Score (tensors, seed) of each slot on the same rows; idle slots are None."""
        nothing = (float("nan"), float("nan"), np.empty(0, dtype=bool), np.empty((0, 0)))
        scored = [
            nothing if slot is None else self.score(slot[0], rows, slot[1], keep_outputs)
            for slot in slots
        ]
        losses, hit_sums, hits, outputs = (list(part) for part in zip(*scored, strict=True))
        return Scores(
            len(rows), losses, hit_sums, hits if keep_hits else (), outputs if keep_outputs else ()
        )


def _outputs(
    name: str, skeleton: Skeleton, own: Mapping[str, Tensor], x: Tensor, n_outputs: int
) -> Tensor:
    with users_code("module", name), torch.no_grad():
        made, _ = skeleton.call(own, x)
    check_outputs(name, made, (len(x), n_outputs), x.shape[1])
    return made


def pack_module(state: Mapping[str, Tensor], program: ModuleProgram) -> bytes:
    """Write a run's parameters and buffers under their own names as safetensors bytes."""
    tensors = {n.removeprefix(OWN): t for n, t in state.items()}
    note = {"n_outputs": program.n_outputs, "dtype": program.dtype}
    return tensor_bytes(tensors, {_NOTE: json.dumps(note)})


def predict_module(
    run: Run, weights: bytes, inputs: NDArray[Any], scale: float = 1.0
) -> NDArray[Any]:
    """Return a finished run's outputs; see `engine.weights.predict`.

    Raises:
        StoreError: the bytes hold no weights of this module.
        DataError: the inputs do not have the module's number of features.
        ConfigError: the module fails.
    """
    from safetensors.torch import load

    assert isinstance(run.net, Module)
    if inputs.ndim != 2:
        raise DataError(f"inputs: expected shape (N, features); got {inputs.shape}")
    try:
        size = int.from_bytes(weights[:8], "little")
        note = json.loads(json.loads(weights[8 : 8 + size])["__metadata__"][_NOTE])
        own, n_outputs = load(weights), int(note["n_outputs"])
        dtype: torch.dtype = getattr(torch, note["dtype"])
    except Exception as problem:
        raise StoreError(f"weights cannot be read ({problem})") from None
    model = make_module(run.net, inputs.shape[1], n_outputs, dtype, run.seed)
    skeleton = Skeleton(model.eval())
    for name, tensor in (skeleton.learned | skeleton.carried).items():
        if name not in own or own[name].shape != tensor.shape:
            raise DataError(
                f"inputs: {inputs.shape[1]} features make another {run.net.name} than the one "
                f"that was trained ({name} differs)"
            )
    parts = []
    place = torch.device("cpu")
    noise = keyed_noise(run.net.name, place, run.seed, "module scores")
    with torch.inference_mode(False), noise:
        for first in range(0, max(1, len(inputs)), _PORTION):
            x = torch.from_numpy(np.array(inputs[first : first + _PORTION])).to(dtype)
            x = x * scale if scale != 1.0 else x
            parts.append(_outputs(run.net.name, skeleton, own, x, n_outputs).numpy())
    return np.concatenate(parts)
