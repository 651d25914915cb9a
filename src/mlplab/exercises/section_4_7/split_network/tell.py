"""What the page says and shows: memory, bytes and time of each way beside one process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from mlplab.draw import Band, Figure
from mlplab.draw.t_interval import t_interval
from mlplab.exercises.charts import line_chart, strip_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_7.split_network.measure import (
    memory_of,
    ratios,
    seconds_of,
    work_of,
)
from mlplab.exercises.section_4_7.split_network.trainings import (
    FEW,
    MANY,
    N_LAYERS,
    ONE,
    SMALL,
    Place,
    batch_size,
    rounds,
    width,
)
from mlplab.exercises.uncertainty_bands import RANGE_BAND
from mlplab.theory.split import WAYS, Training, bytes_sent

if TYPE_CHECKING:
    import pandas as pd

_ROUND_BAND = Band(
    {
        "en": "A dot for each round; mean and its 95 % t-interval.",
        "zh": "每轮一个点；均值及其 95 % t 区间。",
    },
    t_interval,
)
_BATCHES = tuple(2**power for power in range(4, 15))
_MB = 1e6


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    profile = results.profile
    found = rounds(profile).large
    units = width(profile)
    widths = [64, *(units,) * (N_LAYERS - 1), 10]
    one = found[0][ONE]
    values: dict[str, Any] = {
        "n_rounds": len(found),
        "n_many": sum(("data", MANY) in trainings for trainings in found),
        "width": units,
        "small": SMALL,
        "n_layers": N_LAYERS,
        "n_parameters": one.parts[0].n_parameters,
        "one_memory": fmean(memory_of(trainings[ONE]) for trainings in found) / _MB,
        "one_held": sum(one.parts[0].held_bytes.values()) / _MB,
        "batch": batch_size(units),
        "few": FEW,
        "many": MANY,
        "even": _even_batch(widths),
        "parts": found[0]["pipeline", FEW].n_microbatches,
        "overhead": _overhead(found),
    }
    for way in WAYS:
        for n in (FEW, MANY):
            training = found[0][way, n]
            values[f"{way}_{n}_sent"] = training.sent_bytes / _MB
            values[f"{way}_{n}_memory"] = _mean_ratio(ratios(found, (way, n), memory_of))
        values[f"{way}_time"] = _mean_ratio(ratios(found, (way, FEW), seconds_of))
        values[f"{way}_work"] = _mean_ratio(ratios(found, (way, FEW), work_of))
    figures = (_memory(found), _bytes(widths), _time(found))
    return Findings(values, figures, {"ways": _table(found)})


def _mean_ratio(logs: Sequence[float]) -> float:
    return float(10 ** fmean(logs))


def _even_batch(widths: Sequence[int]) -> float:
    """Return the batch at which the data and the tensor way send as much."""
    data, tensor = (sum(bytes_sent(way, widths, 1, MANY, 4)) for way in ("data", "tensor"))
    return data / tensor


def _overhead(found: Sequence[Mapping[Place, Training]]) -> float | None:
    """Return by which share the system says that more was written than was counted."""
    pairs = [
        (part.written_bytes, part.sent_bytes)
        for trainings in found
        for place, training in trainings.items()
        if place != ONE
        for part in training.parts
    ]
    known = [(written, sent) for written, sent in pairs if written is not None]
    if not known:
        return None
    return max(written / sent - 1 for written, sent in known)


def _memory(found: Sequence[Mapping[Place, Training]]) -> Figure:
    """Draw the largest process's memory over the number of processes, as a share of one's."""
    rows = []
    for way in WAYS:
        for n in (1, FEW, MANY):
            shares = [1.0]
            if n > 1:
                shares = [10**log for log in ratios(found, (way, n), memory_of)]
            rows.append((way, n, *RANGE_BAND.of(shares), len(shares)))
    return line_chart(
        rows,
        "memory",
        x_title="processes",
        y="memory of the largest process (one process: 1)",
        series_title="way",
        band=RANGE_BAND,
    )


def _bytes(widths: Sequence[int]) -> Figure:
    """Draw what all processes send in a step over the batch, in closed form."""
    rows = [
        (way, batch, sum(bytes_sent(way, widths, batch, MANY, 4)) / _MB)
        for way in WAYS
        for batch in _BATCHES
    ]
    return line_chart(
        rows,
        "bytes",
        x_title="examples of a batch",
        y="sent in a step (MB)",
        series_title="way",
        log_x=True,
        log_y=True,
    )


def _time(found: Sequence[Mapping[Place, Training]]) -> Figure:
    """Draw the time of a step in each round, relative to one process in that round."""
    return strip_chart(
        {way: ratios(found, (way, FEW), seconds_of) for way in WAYS},
        "time",
        group="way",
        measure="log10 of the time of a step (one process: 0)",
        band=_ROUND_BAND,
    )


def _table(found: Sequence[Mapping[Place, Training]]) -> pd.DataFrame:
    import pandas as pd

    whole = found[0][ONE].parts[0].n_parameters
    rows = []
    for place in [ONE, *((way, n) for n in (FEW, MANY) for way in WAYS)]:
        way, n = place
        training = found[0][place]
        written = [part.written_bytes for part in training.parts if part.written_bytes is not None]
        rows.append(
            {
                "way": "one process" if n == 1 else way,
                "processes": n,
                "parameters": max(part.n_parameters for part in training.parts) / whole,
                "memory": fmean(memory_of(one[place]) for one in found if place in one) / _MB,
                "sent": training.sent_bytes / _MB,
                "written": sum(written) / _MB if written else None,
                "time": _mean_ratio(ratios(found, place, seconds_of)),
                "work": _mean_ratio(ratios(found, place, work_of)),
            }
        )
    return pd.DataFrame(rows)
