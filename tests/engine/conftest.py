"""A clock that lets every step be a place to stop, and the caller's state as it should stay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlplab.engine import lane, program


@pytest.fixture(scope="module")
def every_step() -> Iterator[None]:
    """Ask for progress, stop and checkpoints after every step, not four times a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lane, "PAUSE_SECONDS", 0.0)
        yield


@pytest.fixture(autouse=True, scope="module")
def stacks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Train everything in stacks, small as it is, unless a module asks for compiled loops."""
    with pytest.MonkeyPatch.context() as patch:
        if not getattr(request.module, "NATIVE", False):
            patch.setattr(program, "is_native", lambda *_: False)
        yield
