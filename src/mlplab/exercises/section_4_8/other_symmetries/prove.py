"""What makes units exchangeable: outputs when they change places, gradients when they are equal."""

from __future__ import annotations

from collections.abc import Sequence

from mlplab.exercises.findings import Checked
from mlplab.exercises.section_4_8.other_symmetries.networks import AXES, exchangeable_units
from mlplab.theory import exchange_error, unit_spread

_N = 40  # networks of each kind
_ROUNDING = 1e-12


def prove() -> Sequence[Checked]:
    """Check both on random networks in double precision."""
    import torch

    exchanged = dict.fromkeys(AXES, 0.0)
    sloped = dict.fromkeys(AXES, 0.0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for kind, axes in AXES.items():
            for n_units in [*range(2, 12)] * (_N // 10):
                drawn = exchangeable_units(64, 10, kind, n_units, equal=False).double()
                images = torch.rand(16, 64, dtype=torch.float64)
                exchanged[kind] = max(
                    exchanged[kind], exchange_error(drawn, images, n_units, axes, seed=n_units)
                )
                equal = exchangeable_units(64, 10, kind, n_units).double()
                with torch.enable_grad():
                    labels = torch.randint(10, (16,))
                    torch.nn.functional.cross_entropy(equal(images), labels).backward()  # type: ignore[no-untyped-call]
                slopes = {n: p.grad for n, p in equal.named_parameters() if p.grad is not None}
                largest = max(float(slope.abs().max()) for slope in slopes.values())
                # Softmax ignores what keys share: their bias has no gradient but rounding.
                sound = {
                    n: a for n, a in axes.items() if slopes[n].abs().max() > _ROUNDING * largest
                }
                sloped[kind] = max(sloped[kind], unit_spread(slopes, n_units, sound))
    worst, slope = max(exchanged.values()), max(sloped.values())
    n_cases = _N * len(AXES)
    return (
        Checked("exchange", worst < _ROUNDING, facts={"worst": worst}, n_cases=n_cases),
        Checked("gradient", slope < _ROUNDING, facts={"worst": slope}, n_cases=n_cases),
    )
