"""Rows of the benchmark: ratios made round by round, then their medians."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from mlplab.bench.process import Sample
from mlplab.bench.workloads import FEWEST_ROUNDS, Workload

Round = Mapping[str, Sample]
Spread = tuple[float, float]


@dataclass(frozen=True, slots=True)
class BenchRow:
    """What the rounds say of one workload.

    Args:
        target: all targets in words.
        unit: what `ours_seconds` and `baselines` are seconds of.
        ours_seconds: median over rounds; None if ours was never measured.
        baselines: median seconds by name.
        ratios: by baseline or limit, the median of the ratios of each round.
        reached: by target in words; None where its ratio could not be measured.
        spread: smallest and largest over the rounds, of "ours" (seconds) and of each ratio.
        megabytes: median of the peak memory, where it was watched.
        quality: by measure, the losses and accuracies reached on the way.
        notes: how each was measured.
        failures: by measure, why it gave no sample.
    """

    workload: str
    title: str
    target: str
    unit: str
    rounds: int
    ours_seconds: float | None
    baselines: Mapping[str, float]
    ratios: Mapping[str, float]
    reached: Mapping[str, bool | None]
    spread: Mapping[str, Spread]
    megabytes: float | None = None
    quality: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    failures: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain JSON values."""
        return asdict(self)


def make_row(
    workload: Workload,
    rounds: Sequence[Round],
    failures: Mapping[str, str] | None = None,
    versions: Mapping[str, str] | None = None,
) -> BenchRow:
    """Turn the samples of several rounds into a row.

    A ratio is made within a round, where both sides met the same machine; the median is taken
    of the rounds' ratios. A round in which one side failed says nothing about that ratio, and what
    was measured in fewer than `FEWEST_ROUNDS` rounds is not reported.

    Args:
        rounds: per round, samples by measure name ("ours" and the baselines' names).
        failures: by measure name, why it gave no sample.
    """
    limits = dict(workload.limits)
    samples = {
        name: found
        for name in ("ours", *(measure.name for measure in workload.baselines))
        if len(found := [taken[name] for taken in rounds if name in taken]) >= FEWEST_ROUNDS
    }
    ours = samples.get("ours", [])
    per_ratio = {
        target.beside: [
            target.ratio(
                taken["ours"].value,
                limits[target.beside] if target.beside in limits else taken[target.beside].value,
            )
            for taken in rounds
            if "ours" in taken and (target.beside in limits or target.beside in taken)
        ]
        for target in workload.targets
    }
    per_ratio = {name: values for name, values in per_ratio.items() if len(values) >= FEWEST_ROUNDS}
    ratios = {name: median(values) for name, values in per_ratio.items()}
    spread = {name: (min(values), max(values)) for name, values in per_ratio.items()}
    if ours:
        seconds = [sample.timing.seconds for sample in ours]
        spread = {"ours": (min(seconds), max(seconds))} | spread
    baselines = {
        name: median(sample.timing.seconds for sample in found)
        for name, found in samples.items()
        if name != "ours"
    }
    last = {name: found[-1] for name, found in samples.items()}
    peaks = [sample.peak_bytes for sample in ours if sample.peak_bytes is not None]
    return BenchRow(
        workload=workload.name,
        title=workload.title,
        target="; ".join(target.says() for target in workload.targets),
        unit=workload.unit,
        rounds=len(rounds),
        ours_seconds=median(sample.timing.seconds for sample in ours) if ours else None,
        baselines=baselines,
        ratios=ratios,
        reached={
            target.says(): target.reached(ratios[target.beside])
            if target.beside in ratios
            else None
            for target in workload.targets
        },
        spread=spread,
        megabytes=median(peaks) / 1e6 if peaks else None,
        quality={name: dict(s.timing.quality) for name, s in last.items() if s.timing.quality},
        notes=tuple(f"{name}: {sample.timing.how}" for name, sample in last.items()),
        failures=dict(failures or {}),
        versions=dict(versions or {}),
    )
