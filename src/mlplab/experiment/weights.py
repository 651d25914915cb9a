"""The weights of finished runs: kept ones, or trained again to the same bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from mlplab.errors import ConfigError, StoreError
from mlplab.experiment.conduct import finish
from mlplab.experiment.design import Cell
from mlplab.experiment.progress import ProgressOption
from mlplab.experiment.progress_bar import reporting
from mlplab.experiment.results import Results


def run_weights(
    cells: Sequence[Cell], results: Results, progress: ProgressOption = True
) -> list[bytes]:
    """Return the weights of runs as safetensors bytes; missing ones are trained and then kept.

    Raises:
        ConfigError: a run diverged.
    """
    setup = results.setup
    # Bits are reproducible, so weights are a cache: dropping them costs time alone.
    with reporting(progress, "weights") as report:
        done = finish(cells, results.experiment.data, setup, keep_weights=True, progress=report)
    blobs = setup.store.weights([cell.key for cell in cells])
    for cell in cells:
        if cell.key not in blobs:
            raise ConfigError(
                f"run {cell.arm.label!r} with seed {cell.seed} "
                f"{done.outcomes[cell.key].status} and has no weights"
            )
    return [blobs[cell.key] for cell in cells]


def unpack_weights(blob: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of safetensors bytes by name.

    Raises:
        StoreError: they are no such bytes.
    """
    from safetensors.numpy import load

    try:
        return dict(load(blob))
    except Exception as problem:  # the library raises errors of several kinds
        raise StoreError(f"weights cannot be read ({problem})") from None
