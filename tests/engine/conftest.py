"""A clock that lets every step be a place to stop, and the caller's state as it should stay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlplab.engine import lane


@pytest.fixture(scope="module")
def every_step() -> Iterator[None]:
    """Ask for progress, stop and checkpoints after every step, not four times a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lane, "_PAUSE_SECONDS", 0.0)
        yield
