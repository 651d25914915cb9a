"""What was left out of a fit or of its explanation for time or memory: said, never silent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One thing that was left out.

    Attributes:
        key: what, one of `SHORTCUTS`.
        values: the numbers that its words need, such as `n` of `all`.
    """

    key: str
    values: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Say it in one line.

        >>> str(Shortcut("rows", {"n": 50, "all": 800}))
        'each fold trained on 50 of its 800 rows, drawn at random'
        """
        return SHORTCUTS[self.key].format(**self.values)


SHORTCUTS = {
    "ended": "time ended the search after {n} of at most {all} configurations",
    "room": "memory for predictions ended the search after {n} configurations",
    "columns": "of {all} columns each fold used the {n} that go with its training targets most",
    "rows": "each fold trained on {n} of its {all} rows, drawn at random",
    "epochs": "networks made {n} passes over the rows instead of {all}",
    "levels": "of wide categories only the {n} most frequent levels have a feature each",
    "constant": "no network ended in time: predictions are the training rows' mean or shares",
    "rivals": "time ended the fits of scikit-learn's models after {n} of {all}",
    "importance": "importance was measured of {n} of {all} columns, those that weigh most in "
    "the model",
    "dependence": "dependence was followed for {n} of {all} columns",
    "shift": "rows to predict were compared by {n} of {all} columns, drawn at random",
    "unusual": "what is unusual in the worst rows was sought in {n} of {all} columns",
}
"""What may be left out -> its words."""
