"""What tests of the store share: a place for one, and something to put there."""

from __future__ import annotations

import pytest
from tests.disks import small_disk  # noqa: F401  (a fixture)
from tests.places import place, store  # noqa: F401  (fixtures)

from mlplab.specs.outcome import Outcome
from mlplab.store import Store


@pytest.fixture
def file(tmp_path):
    """A file where there is no store yet, for what only SQLite does."""
    return tmp_path / "store.sqlite"


@pytest.fixture
def loose_store(file):
    """A store where anything may stand in any column: SQLite's; PostgreSQL refuses it itself."""
    with Store(file) as opened:
        yield opened


@pytest.fixture(scope="session")
def outcome():
    """A finished run, with what a test changes of it."""

    def make(key="k", provenance="p", **changes):
        fields = {
            "status": "finished",
            "epochs": 2,
            "history": {"valid_loss": (0.5, 0.25)},
            "seconds": 0.5,
            "n_params": 7,
        }
        return Outcome(key, provenance, **{**fields, **changes})

    return make
