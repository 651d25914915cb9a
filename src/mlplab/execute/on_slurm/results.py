"""Runs that have ended, as a file: safetensors for the numbers, JSON for the rest; no pickle."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from mlplab.atomic import atomic_file
from mlplab.engine.events import Ended
from mlplab.specs import Outcome, Provenance
from mlplab.specs.series import Series

_FORMAT = "mlplab results 1"
_DAMAGED = (SafetensorError, AttributeError, KeyError, TypeError, OSError)


def write_results(path: Path, ended: Sequence[Ended], provenance: Provenance) -> None:
    """Write runs that ended on one machine; the file is there when it is whole.

    Args:
        path: what is made.
        ended: the runs, each with its history to the bit.
        provenance: where their bits come from.
    """
    numbers: list[float] = []
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    rows = []
    for at, one in enumerate(ended):
        outcome = one.outcome
        lengths = {}
        for metric, values in outcome.history.items():
            numbers.extend(values)
            lengths[metric] = len(values)
        rows.append(
            {
                "key": outcome.key,
                "status": outcome.status,
                "epochs": int(outcome.epochs),
                "seconds": float(outcome.seconds),
                "n_params": int(outcome.n_params),
                "diverged_epoch": _whole(outcome.diverged_epoch),
                "best_epoch": _whole(outcome.best_epoch),
                "lengths": lengths,
            }
        )
        for split, answers in outcome.correct.items():
            arrays[f"correct {at} {split}"] = np.frombuffer(answers, np.uint8)
        if one.weights is not None:
            arrays[f"weights {at}"] = np.frombuffer(one.weights, np.uint8)
    arrays["history"] = np.asarray(numbers, np.float64)
    about = {
        "format": _FORMAT,
        "runs": json.dumps(rows),
        "provenance": json.dumps(asdict(provenance)),
    }
    with atomic_file(path) as draft:
        save_file(arrays, draft, about)


class Results:
    """A file of runs that ended, opened; its runs are read one after the other.

    Raises:
        ValueError: it is damaged.
        FileNotFoundError: it is not there any longer.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with safe_open(path, "numpy") as file:
                about = file.metadata() or {}
            if about.get("format") != _FORMAT:
                raise ValueError(f"{path}: no file of results")
            self._rows: list[dict[str, Any]] = json.loads(about["runs"])
            self.provenance = Provenance(**json.loads(about["provenance"]))
            self.keys = tuple(str(row["key"]) for row in self._rows)
        except FileNotFoundError:
            raise
        except _DAMAGED as problem:
            raise ValueError(f"{path}: damaged ({problem})") from None

    def __iter__(self) -> Iterator[Ended]:
        try:
            with safe_open(self._path, "numpy") as file:
                numbers, end = file.get_tensor("history"), 0
                names = set(file.keys())
                for at, row in enumerate(self._rows):
                    history = {}
                    for metric, length in row["lengths"].items():
                        end, start = end + int(length), end
                        history[metric] = Series.from_bytes(numbers[start:end].tobytes())
                    prefix = f"correct {at} "
                    splits = [name for name in names if name.startswith(prefix)]
                    correct = {n.removeprefix(prefix): file.get_tensor(n) for n in splits}
                    weights = f"weights {at}"
                    yield Ended(
                        Outcome(
                            key=row["key"],
                            provenance=self.provenance.id,
                            status=row["status"],
                            epochs=row["epochs"],
                            history=history,
                            seconds=row["seconds"],
                            n_params=row["n_params"],
                            diverged_epoch=row["diverged_epoch"],
                            correct={name: held.tobytes() for name, held in correct.items()},
                            best_epoch=row["best_epoch"],
                        ),
                        file.get_tensor(weights).tobytes() if weights in names else None,
                    )
        except FileNotFoundError:
            raise
        except _DAMAGED as problem:
            raise ValueError(f"{self._path}: damaged ({problem})") from None


def _whole(number: int | None) -> int | None:
    return None if number is None else int(number)
