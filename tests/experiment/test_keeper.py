"""What is on its way to the store, and what comes back from it, never takes much memory."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from mlplab.engine.events import Checkpointed
from mlplab.experiment import keeper
from mlplab.experiment.checkpoints import Checkpoints
from mlplab.experiment.keeper import Keeper
from mlplab.store import Checkpoint, Store


class Slow:
    """A store that notes how much it is given at a time."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def put_provenance(self, provenance: Any) -> None:
        pass

    def put_checkpoints(self, checkpoints: Any, provenance: str) -> None:
        self.sizes.append(sum(len(one.blob) for one in checkpoints))


def hand_over(keeping: Keeper) -> None:
    for number in range(40):
        keeping.keep_checkpoint(Checkpointed(f"k{number}", 1, 0, bytes(300)))


def test_whoever_hands_over_much_waits_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "MOST_BYTES", 1000)
    store: Any = Slow()
    with Keeper(store, SimpleNamespace(id="p"), dict.fromkeys) as keeping:  # type: ignore[arg-type]
        hand_over(keeping)
        keeping.keep_checkpoint(Checkpointed("large", 1, 0, bytes(5000)))
    assert sum(store.sizes) == 40 * 300 + 5000
    assert sorted(store.sizes)[-1] == 5000
    assert sorted(store.sizes)[-2] <= 1000


def test_an_error_of_the_store_reaches_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "MOST_BYTES", 1000)

    def fails(checkpoints: Any, provenance: str) -> None:
        raise RuntimeError("disk full")

    store: Any = Slow()
    store.put_checkpoints = fails
    keeping = Keeper(store, SimpleNamespace(id="p"), dict.fromkeys)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="disk full"):
        hand_over(keeping)
    keeping.close()


@pytest.mark.parametrize("comes", [False, True])
def test_ctrl_c_as_the_writing_thread_starts_loses_nothing(
    comes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        if comes:
            late.append(threading.Timer(0.05, start, [thread]))
            start(late[0])
        raise KeyboardInterrupt

    late: list[threading.Thread] = []
    monkeypatch.setattr(threading.Thread, "start", interrupted)
    store: Any = Slow()
    with (
        pytest.raises(KeyboardInterrupt),
        Keeper(store, SimpleNamespace(id="p"), dict.fromkeys) as keeping,  # type: ignore[arg-type]
    ):
        keeping.keep_checkpoint(Checkpointed("k", 1, 0, bytes(300)))
    assert sum(store.sizes) == 300
    for thread in late:
        thread.join()
    assert sum(store.sizes) == 300


def test_checkpoints_are_as_they_were_whatever_becomes_of_the_store() -> None:
    with Store(":memory:") as store:
        blobs = {f"k{n}": bytes([n]) * 100 for n in range(5)}
        for n, (key, blob) in enumerate(blobs.items()):
            store.put_checkpoints([Checkpoint(key, n, 0, blob)], "p")
        store.put_checkpoints([Checkpoint("elsewhere", 1, 0, b"other")], "q")
        with Checkpoints(store, ["none", *blobs, "elsewhere"], "p") as states:
            store.prune(checkpoints=True)
            assert {key: state.blob for key, state in states.items()} == blobs
            assert states.epochs == {f"k{n}": n for n in range(5)}
            assert "none" not in states
            assert states["k3"].epoch == 3
