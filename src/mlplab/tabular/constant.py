"""Networks that need no training: all weights 0, biases as the training rows' mean or shares."""

from __future__ import annotations

import numpy as np

from mlplab.specs import Run
from mlplab.tabular.candidates import Candidate
from mlplab.tabular.fold_networks import FoldInputs


def constant_networks(inputs: FoldInputs, candidate: Candidate) -> tuple[Run, list[bytes]]:
    """Return a linear network per fold that predicts what its training rows have on average.

    Of numbers their mean; of classes their shares, each with one more row, so that none is 0.

    Args:
        inputs: of the folds.
        candidate: a linear model, whose run they pass for.
    """
    from safetensors.numpy import save

    n_classes = inputs.task.n_outputs if inputs.task.kind == "classification" else 0
    blobs = []
    for block in inputs.blocks:
        biases = np.zeros(max(1, n_classes), np.float32)
        if n_classes:
            y = np.asarray(inputs.task.targets[block.start : block.start + block.n]).ravel()
            counts = np.bincount(y.astype(np.int64), minlength=n_classes) + 1.0
            biases = np.log(counts / counts.sum()).astype(np.float32)
        weights = np.zeros((len(biases), inputs.width), np.float32)
        blobs.append(bytes(save({"layers.0.weight": weights, "layers.0.bias": biases})))
    return candidate.run(inputs.blocks[0].n), blobs
