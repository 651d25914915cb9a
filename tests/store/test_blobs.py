from __future__ import annotations

import pytest
from sqlalchemy import text

from mlplab.errors import StoreError
from mlplab.store import Checkpoint


def test_a_checkpoint_replaces_the_last_one_of_its_provenance(store):
    store.put_checkpoints([Checkpoint("k", 1, 10, b"early")], "p")
    store.put_checkpoints([Checkpoint("k", 1, 5, b"other")], "elsewhere")
    store.put_checkpoints([Checkpoint("k", 2, 20, b"late\0\xff")], "p")
    assert store.checkpoints(["k", "x"], "p") == {"k": Checkpoint("k", 2, 20, b"late\0\xff")}
    assert store.checkpoints(["k"], "nowhere") == {}


def test_many_checkpoints_at_once_equal_one_by_one(store):
    many = [Checkpoint(f"k{number}", 1, number, bytes([number % 256])) for number in range(1000)]
    store.put_checkpoints(many, "p")
    assert store.checkpoints([one.key for one in many], "p") == {one.key: one for one in many}


def test_a_finished_run_has_no_checkpoint_and_gets_none(store, outcome):
    for key in ("done", "going"):
        store.put_checkpoints([Checkpoint(key, 1, 1, b"x")], "p")
    store.put_checkpoints([Checkpoint("done", 1, 1, b"x")], "elsewhere")
    store.put([outcome("done")])
    store.put_checkpoints([Checkpoint("done", 2, 2, b"too late")], "p")
    assert set(store.checkpoints(["done", "going"], "p")) == {"going"}
    assert set(store.checkpoints(["done"], "elsewhere")) == {"done"}


def test_the_first_weights_stay_and_the_asked_provenance_is_preferred(store, outcome):
    for provenance, blob in (("a", b"\0first"), ("a", b"again"), ("b", b"elsewhere")):
        store.put([outcome("k", provenance)], weights={"k": blob})
    assert store.weights(["k", "x"], "a") == {"k": b"\0first"}
    assert store.weights(["k"], "b") == {"k": b"elsewhere"}
    assert store.weights(["k"]) == store.weights(["k"], "c") == {"k": b"elsewhere"}
    assert store.with_weights(["x", "k"]) == {"k"}


def test_weights_arrive_with_their_run_or_not_at_all(store, outcome):
    store.put([outcome("a"), outcome("b")], weights={"a": b"wa"})
    assert store.weights(["a", "b"]) == {"a": b"wa"}
    with pytest.raises(StoreError, match="weights of run x came without its outcome"):
        store.put([outcome("c")], weights={"c": b"wc", "x": b"wx"})
    assert store.get(["c"]) == {}


@pytest.mark.parametrize("change", ["epoch = 'x'", "step = x'ff'", "blob = 'text'", "blob = 5"])
def test_a_checkpoint_of_what_cannot_be_is_one_line(loose_store, change):
    loose_store.put_checkpoints([Checkpoint("k", 1, 10, b"state")], "p")
    loose_store._database.write(
        lambda c: c.execute(text(f"UPDATE mlplab_checkpoints SET {change}"))
    )
    with pytest.raises(StoreError, match="the stored checkpoint of run k cannot be read"):
        loose_store.checkpoints(["k"], "p")


def test_weights_that_are_no_bytes_are_one_line(loose_store, outcome):
    loose_store.put([outcome("k")], weights={"k": b"w"})
    loose_store._database.write(
        lambda c: c.execute(text("UPDATE mlplab_weights SET blob = 'text'"))
    )
    with pytest.raises(StoreError, match="the stored weights of run k cannot be read"):
        loose_store.weights(["k"])
