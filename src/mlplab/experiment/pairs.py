"""The numbers that verdicts rest on: one per seed of each claim, or of each link of a chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mlplab.errors import ConfigError
from mlplab.experiment.parts import CLAIMS, Contrast, Find, parts_of
from mlplab.experiment.verdict import Judge
from mlplab.experiment.wording import claim_words
from mlplab.hints import hint
from mlplab.specs import BestArm, Claim, FailureDifference, Proof, Verdict

if TYPE_CHECKING:
    import pandas as pd

_WITHOUT = (BestArm, FailureDifference, Proof)


def paired_numbers(
    wanted: Sequence[Claim | str],
    decided: Sequence[tuple[Claim, Verdict]],
    judge: Judge,
    find: Find,
) -> pd.DataFrame:
    """Return the columns claim, seed, difference; see `Runs.pairs`.

    Args:
        wanted: claims, or keys, words or ids of verdicts; none is all that have differences.
        decided: every declared claim with its verdict.
        judge: knows the seeds that each verdict rests on.
        find: factor values -> arm of the design.
    """
    import pandas as pd

    pairs = [_decided(one, decided) for one in wanted]
    if not pairs:
        pairs = [(c, verdict) for c, verdict in decided if not isinstance(c, _WITHOUT)]
    rows = [row for claim, verdict in pairs for row in _numbers(claim, verdict, judge, find)]
    return pd.DataFrame(rows, columns=["claim", "seed", "difference"])


def _decided(
    wanted: Claim | str, decided: Sequence[tuple[Claim, Verdict]]
) -> tuple[Claim, Verdict | None]:
    for claim, verdict in decided:
        names = (verdict.says, verdict.id, verdict.key or verdict.id)
        if wanted == claim or wanted in names:
            return claim, verdict
    if isinstance(wanted, CLAIMS):
        return wanted, None
    says = hint(wanted, [verdict.key or verdict.says for _, verdict in decided])
    raise ConfigError(f"claim: none is {wanted!r}; {says}")


def _numbers(
    claim: Claim, verdict: Verdict | None, judge: Judge, find: Find
) -> Iterator[tuple[str, int, float]]:
    if isinstance(claim, _WITHOUT):
        raise ConfigError(f"claim: {claim_words(claim)['en']!r} has not one difference per seed")
    parts = parts_of(claim, find)
    if verdict is None:
        names = (
            [claim.id] if len(parts) == 1 else [f"{claim.id}.{n + 1}" for n in range(len(parts))]
        )
    else:
        names = [one.id for one in verdict.parts or (verdict,)]
    for name, part in zip(names, parts, strict=True):
        assert isinstance(part, Contrast)
        # The seeds that the verdict rests on, which may be fewer than there are by now.
        data = judge.decide(part).data
        values = np.asarray(part.weights) @ data.values - part.offset
        for seed, value in zip(data.seeds, values.tolist(), strict=True):
            if np.isfinite(value):
                yield name, seed, value
