"""What one measuring process says: seconds per run-epoch, and how they were come by."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mlplab.errors import MlplabError


@dataclass(frozen=True, slots=True)
class Timing:
    """One measurement by one process.

    Args:
        name: what was measured.
        seconds: per unit of the workload (per run-epoch, or per start of a program).
        units: how many of them were really timed.
        how: what was timed and what was extrapolated, in words.
        quality: losses and accuracies reached on the way, to show that it did train.
    """

    name: str
    seconds: float
    units: float
    how: str
    quality: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> str:
        """Write the timing as one line of JSON.

        >>> Timing.from_json(Timing("x", 0.5, 2, "all").to_json()).seconds
        0.5
        """
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Timing:
        """Read what `to_json` wrote.

        Raises:
            MlplabError: the text is not a timing.
        """
        try:
            fields: dict[str, Any] = json.loads(text)
            return cls(**fields)
        except (ValueError, TypeError) as problem:
            raise MlplabError(
                f"expected one JSON timing from a measuring process; got {text[:80]!r} ({problem})"
            ) from None


def serve(
    measure: Callable[..., Timing],
    names: Sequence[str] = (),
    arguments: Sequence[str] | None = None,
) -> None:
    """Be the main function of a measuring module: measure, and print in words or as JSON.

    Args:
        measure: called without arguments, or with the chosen one of `names`.
        names: what the first argument of the program may be, if it takes one.
        arguments: instead of those of the program.
    """
    parser = argparse.ArgumentParser(description=(measure.__doc__ or "").partition("\n")[0])
    if names:
        parser.add_argument("name", choices=names)
    parser.add_argument("--json", action="store_true", help="Print one JSON document.")
    options = parser.parse_args(arguments)
    timing = measure(options.name) if names else measure()
    if options.json:
        print(timing.to_json(), flush=True)
        return
    print(f"{timing.name}: {timing.seconds:.6g} s ({timing.how})")
    for name, value in timing.quality.items():
        print(f"  {name} {value:.4g}")
