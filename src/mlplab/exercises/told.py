"""What the tellings of several exercises share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.experiment import Runs
    from mlplab.specs import Verdict

UNTITLED = "–"
"""A figure's title until the texts give it one."""


def paired_frame(
    runs: Runs,
    verdicts: Sequence[Verdict],
    factor: str,
    sides: Sequence[tuple[Any, Any]],
    metric: str = "test_accuracy",
) -> pd.DataFrame:
    """Return each claim's differences by seed, as `draw.paired_differences` takes them.

    Args:
        runs: of both sides.
        verdicts: of the claims, in the order of the sides.
        factor: in which the sides differ, a dotted path.
        sides: of each claim, the factor's values of arm and baseline.
        metric: that is compared.
    """
    import pandas as pd

    frames = []
    for verdict, pair in zip(verdicts, sides, strict=True):
        arms = [runs.experiment.find({factor: value}) for value in pair]
        one, other = runs.values(metric, arms)
        rows = {"claim": verdict.id, "seed": range(len(one)), "difference": one - other}
        frames.append(pd.DataFrame(rows).dropna())
    return pd.concat(frames)
