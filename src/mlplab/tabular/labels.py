"""The classes of a target as its frame has them: booleans, whole numbers, numbers or texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Label = bool | int | float | str


def labels_of(series: pd.Series[Any], texts: Sequence[str | None]) -> dict[str, Label]:
    """Return what each class is in its frame, by its text.

    Texts with blanks around them stay as they are, where all of a class are written so; what is
    neither a number nor a text (a date, an interval) is its text.

    Args:
        series: the column, of any dtype.
        texts: its entries as `texts_of` gives them.

    >>> import pandas as pd
    >>> labels_of(pd.Series([True, False]), ["True", "False"])
    {'True': True, 'False': False}
    """
    seen: dict[str, set[Label]] = {}
    for value, text in zip(series.tolist(), texts, strict=True):
        if text is None:
            continue
        plain = value.item() if isinstance(value, np.generic) else value
        own = plain if isinstance(plain, bool | int | float | str) else text
        own = text if own in (math.inf, -math.inf) else own  # no file of a model holds them
        known = seen.setdefault(text, set())
        if len(known) < 2:
            known.add(own)
    return {text: next(iter(own)) if len(own) == 1 else text for text, own in seen.items()}


def label_text(label: Label) -> str:
    """Return the text under which a class is found in a column, see `texts_of`.

    >>> label_text(1.0), label_text(True), label_text(" a ")
    ('1', 'True', 'a')
    """
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    return str(label).strip()


def array_of_labels(classes: Sequence[Label]) -> npt.NDArray[Any]:
    """Return classes as an array of their type, or of objects where they have several.

    >>> array_of_labels((False, True)).dtype, array_of_labels((1, 2)).dtype.kind
    (dtype('bool'), 'i')
    """
    for kind, dtype in ((bool, np.bool_), (int, np.int64), (float, np.float64)):
        if all(type(label) is kind for label in classes):
            try:
                return np.array(classes, dtype=dtype)
            except OverflowError:
                break
    out = np.empty(len(classes), dtype=object)
    out[:] = classes
    return out
