"""The numbers that verdicts rest on: one per seed of each claim, or of each link of a chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mlplab.errors import ConfigError
from mlplab.experiment.parts import Contrast, Find, parts_of
from mlplab.experiment.verdict import Judge
from mlplab.hints import hint
from mlplab.specs import BestArm, Claim, Proof

if TYPE_CHECKING:
    import pandas as pd


def paired_numbers(
    wanted: Sequence[Claim | str], declared: Sequence[Claim], judge: Judge, find: Find
) -> pd.DataFrame:
    """Return the columns claim, seed, difference; see `Runs.pairs`."""
    import pandas as pd

    claims = [_named(one, declared) if isinstance(one, str) else one for one in wanted]
    if not claims:
        claims = [claim for claim in declared if not isinstance(claim, BestArm | Proof)]
    rows = [row for claim in claims for row in _numbers(claim, judge, find)]
    return pd.DataFrame(rows, columns=["claim", "seed", "difference"])


def _named(words: str, declared: Sequence[Claim]) -> Claim:
    for claim in declared:
        if words in (claim.says, claim.id):
            return claim
    raise ConfigError(f"claim: none is {words!r}; {hint(words, [one.says for one in declared])}")


def _numbers(claim: Claim, judge: Judge, find: Find) -> Iterator[tuple[str, int, float]]:
    if isinstance(claim, BestArm | Proof):
        raise ConfigError(f"claim: {claim.says!r} has not one difference per seed")
    parts = parts_of(claim, find)
    for number, part in enumerate(parts, 1):
        assert isinstance(part, Contrast)
        # The seeds that the verdict rests on, which may be fewer than there are by now.
        data = judge.decide(part).data
        values = np.asarray(part.weights) @ data.values - part.offset
        name = claim.id if len(parts) == 1 else f"{claim.id}.{number}"
        for seed, value in zip(data.seeds, values.tolist(), strict=True):
            if np.isfinite(value):
                yield name, seed, value
