"""Very many runs: what each takes in memory, and that few agree with what is asked one by one."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest

from mlplab.bench.many import EPOCHS, many, measure_apart, tiny_runs
from mlplab.errors import MlplabError
from mlplab.store import Store


def test_a_run_takes_its_numbers_and_some_bytes(tmp_path: Path) -> None:
    """Before columns, each took 3 kB: a spec, a cell, an outcome, and a series for each metric."""
    store = Store(tmp_path / "runs.sqlite")
    tiny_runs(100, 10).run(store, progress=False)  # loads what is loaded once
    numbers = 4 * EPOCHS * 8
    tracemalloc.start()
    try:
        for _ in ("trained", "asked again"):
            gc.collect()
            before, _ = tracemalloc.get_traced_memory()
            runs = tiny_runs(5000, 100).run(store, progress=False)
            gc.collect()
            held = (tracemalloc.get_traced_memory()[0] - before) / len(runs)
            assert numbers < held < numbers + 300
            del runs
    finally:
        tracemalloc.stop()


def test_runs_in_several_portions_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tiny_runs(120, 4).run(":memory:", progress=False)
    monkeypatch.setattr("mlplab.engine.scheduler.AT_ONCE", 25)
    parts = tiny_runs(120, 4).run(":memory:", progress=False)
    # All but the time that each took.
    assert list(parts.outcomes) == list(whole.outcomes)
    for key, outcome in whole.outcomes.items():
        assert parts.outcomes[key].history == outcome.history
    assert parts.frame().equals(whole.frame())


def test_the_frame_says_of_each_run_what_its_outcome_says() -> None:
    runs = tiny_runs(60, 6).run(":memory:", progress=False)
    last, whole = runs.frame(last=True), runs.frame()
    assert len(last) == len(runs.cells) == 60
    for row, cell in zip(last.itertuples(), runs.cells, strict=True):
        outcome = runs.outcomes[cell.key]
        assert (row.key, row.arm, row.seed) == (cell.key, cell.arm.label, cell.seed)
        assert (row.status, row.epoch, row.provenance) == ("finished", EPOCHS, outcome.provenance)
        assert row.train_loss == outcome.last("train_loss")
        own = whole[whole.key == cell.key]
        assert own.epoch.tolist() == list(range(1, EPOCHS + 1))
        assert own.train_loss.tolist() == list(outcome.history["train_loss"])


def test_arms_that_do_not_share_the_runs_are_refused() -> None:
    with pytest.raises(MlplabError, match="runs: expected a multiple of the 4 arms; got 10"):
        tiny_runs(10, 4)


def test_the_page_tells_what_was_measured(tmp_path: Path) -> None:
    page = tmp_path / "many.md"
    many.main(["200", "--arms", "10", "--markdown", str(page)], standalone_mode=False)
    text = page.read_text()
    assert text.count("| 200 | ") == 5
    assert "python -m mlplab.bench.many 200 --markdown docs/many-runs.md" in text


@pytest.mark.slow
def test_a_million_runs_take_less_than_two_gigabytes(tmp_path: Path) -> None:
    store = tmp_path / "many.sqlite"
    steps = [
        *measure_apart("train", 10**6, 1000, store),
        *measure_apart("again", 10**6, 1000, store),
    ]
    assert max(step.peak_bytes for step in steps) < 2**31
    trained, frame, again, _ = steps
    # Of the processor: by the clock a busy machine takes longer.
    assert trained.cpu_seconds < 2 * 360
    assert again.cpu_seconds < 40
    assert frame.cpu_seconds < 8
    assert trained.store_bytes < 1000 * 10**6
