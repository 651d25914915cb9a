"""The identity of a fit: the same table, settings and code ask the same question."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from mlplab.specs import digest
from mlplab.store.code import code_identity
from mlplab.tabular.fold_networks import TrainingTable


def question_of(table: TrainingTable, settings: Mapping[str, Any]) -> str:
    """Return a hash of all that a fit's decisions depend on, but the clock."""
    content = hashlib.sha256()
    frame = table.features
    numbers = [c.name for c in table.schema.features if c.kind == "number"]
    # All numbers at once: a column at a time takes far longer where there are thousands.
    content.update(np.ascontiguousarray(frame[numbers].to_numpy(np.float64)).tobytes())
    for name in frame.columns.difference(numbers, sort=False):
        gaps = frame[name].isna().tolist()
        entries = zip(frame[name].tolist(), gaps, strict=True)
        # None rather than NaN: JSON has no form for it that is the same everywhere.
        texts = [None if gap else str(entry) for entry, gap in entries]
        content.update(json.dumps(texts).encode())
    content.update(np.ascontiguousarray(table.y).tobytes())
    content.update(np.ascontiguousarray(table.fold_index).tobytes())
    said = {"task": table.task, "n_classes": table.n_classes, "schema": table.schema.canonical()}
    asked = {"code": code_identity(), "content": content.hexdigest(), "settings": dict(settings)}
    return digest({"fit": asked | said})
