"""What a strategy is."""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np

from mlplab.search.space import Space
from mlplab.search.trial import Proposal, Terms, Trial

Steps = Generator[list[Proposal], list[Trial], None]
Strategy = Callable[[Space, Terms, np.random.Generator], Steps]
"""A generator function: it yields a population of proposals and is sent its trials.

All its randomness comes from the generator it is given; it never sees the test split.
"""
