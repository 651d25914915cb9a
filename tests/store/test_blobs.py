from __future__ import annotations

import pytest

from mlplab.errors import StoreError
from mlplab.store import Checkpoint


def test_a_checkpoint_replaces_the_last_one_of_its_provenance(store):
    store.put_checkpoint("k", "p", 1, 10, b"early")
    store.put_checkpoint("k", "elsewhere", 1, 5, b"other")
    store.put_checkpoint("k", "p", 2, 20, b"late\0\xff")
    assert store.checkpoints(["k", "x"], "p") == {"k": Checkpoint("k", 2, 20, b"late\0\xff")}
    assert store.checkpoints(["k"], "nowhere") == {}


def test_many_checkpoints_at_once_equal_one_by_one(store):
    many = [Checkpoint(f"k{number}", 1, number, bytes([number % 256])) for number in range(1000)]
    store.put_checkpoints(many, "p")
    assert store.checkpoints([one.key for one in many], "p") == {one.key: one for one in many}


def test_a_finished_run_has_no_checkpoint_and_gets_none(store, outcome):
    for key in ("done", "going"):
        store.put_checkpoint(key, "p", 1, 1, b"x")
    store.put_checkpoint("done", "elsewhere", 1, 1, b"x")
    store.put([outcome("done")])
    store.put_checkpoint("done", "p", 2, 2, b"too late")
    assert set(store.checkpoints(["done", "going"], "p")) == {"going"}
    assert set(store.checkpoints(["done"], "elsewhere")) == {"done"}


def test_the_first_weights_stay_and_the_asked_provenance_is_preferred(store):
    store.put_weights("k", "a", b"\0first")
    store.put_weights("k", "a", b"again")
    store.put_weights("k", "b", b"elsewhere")
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
