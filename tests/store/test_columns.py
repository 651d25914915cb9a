"""Reading into columns gives the rows that `get` gives, whichever way they are read."""

from __future__ import annotations

import numpy as np
import pytest

from mlplab.errors import StoreError
from mlplab.specs import Outcome
from mlplab.specs.columns import Keys
from mlplab.store import Store, columns

KEYS = [f"{n * 2654435761 % 2**128:032x}" for n in range(1, 41)]


def some_outcomes(seed: int, provenance: str) -> list[Outcome]:
    rng = np.random.default_rng(seed)
    made = []
    for key in KEYS[:-5]:
        n = int(rng.integers(0, 30))
        history = {"train_loss": tuple(rng.normal(size=n)), "test_loss": tuple([0.5] * (n > 0))}
        correct = {"test": bytes([n])} if n % 3 == 0 else {}
        status = "diverged" if n < 5 else "finished"
        epoch = n if n < 5 else None
        made.append(Outcome(key, provenance, status, n, history, 0.25, 7, epoch, correct))
    return made


@pytest.mark.parametrize("many", [0, 10**6])  # a scan of all rows, or a look for each
@pytest.mark.parametrize("provenance", [None, "here", "there", "nowhere"])
@pytest.mark.parametrize("at_once", [3, 2000])
def test_columns_hold_what_get_returns(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    many: int,
    provenance: str | None,
    at_once: int,
) -> None:
    monkeypatch.setattr(columns, "_MANY", many)
    monkeypatch.setattr(columns, "_AT_ONCE", at_once)
    store.put(some_outcomes(1, "here")[::2])
    store.put(some_outcomes(2, "there"))
    store.put(some_outcomes(3, "here")[:9])
    store.put([Outcome("of another kind", "here", "finished", 1, {}, 0.1, 1)])
    asked = [*KEYS[::-1], "ab" * 16]
    found = store.outcomes(Keys.of(asked), provenance)
    expected = store.get(asked, provenance)
    assert list(found) == list(expected)
    assert dict(found) == expected
    assert store.count(Keys.of(asked)) == len(expected)


def test_a_damaged_row_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    (good, bad, *_) = some_outcomes(1, "here")
    monkeypatch.setattr("mlplab.store.outcomes.pack_floats", lambda history: b"P\0\0")
    store.put([bad])
    monkeypatch.undo()
    store.put([good])
    with pytest.raises(StoreError, match=f"run {bad.key} cannot be read: damaged blob"):
        store.outcomes(Keys.of([good.key, bad.key]))


def test_what_is_read_into_columns_is_noted(store: Store) -> None:
    made = some_outcomes(1, "here")
    store.put(made)
    with store.watch() as seen:
        store.outcomes(Keys.of(KEYS))
    assert seen.origins == {one.key: "here" for one in made}
