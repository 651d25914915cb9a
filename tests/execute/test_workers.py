"""Worker processes give the bits of this process, whatever becomes of them."""

from __future__ import annotations

import os
import signal
from collections import deque

import numpy as np
import pytest
from tests.engine.population import bits, ended, made_up, of
from tests.execute.jobs import KEEP, killing_all, long_population, mixed_population

from mlplab.data import task_from_arrays
from mlplab.engine import Checkpointed, Ended, Progressed, provenance
from mlplab.errors import ConfigError, StoreError
from mlplab.execute import WorkerError, execute
from mlplab.specs import MLP, Fit


@pytest.fixture(scope="module")
def undisturbed():
    """A long population, and what comes of it when nothing happens."""
    task, runs = long_population(150)
    done = ended(execute(runs, task, workers=1, **KEEP))
    return task, runs, {key: bits(one) for key, one in done.items()}


def test_workers_and_this_process_agree_bit_for_bit():
    task, runs = mixed_population()
    here = ended(execute(runs, task, workers=1, **KEEP))
    there = ended(execute(runs[::-1], task, workers=2, **KEEP))
    assert set(here) == set(there) == {run.key for run in runs}
    for key, one in here.items():
        assert bits(one) == bits(there[key])
    assert {one.outcome.provenance for one in there.values()} == {provenance().id}
    assert {one.outcome.status for one in there.values()} == {"finished", "diverged"}


def test_progress_adds_up_and_the_task_is_left_alone():
    task, runs = mixed_population()
    events = list(execute(runs, task, workers=2))
    work = sum(event.run_epochs for event in events if isinstance(event, Progressed))
    done = [event.outcome.epochs for event in events if isinstance(event, Ended)]
    assert work == pytest.approx(sum(done))
    assert len(done) == len(runs)


class TestDeath:
    def test_a_killed_worker_is_replaced_and_the_bits_are_the_same(self, undisturbed, workers_now):
        task, runs, expected = undisturbed
        done: dict[str, Ended] = {}
        before: set[int] = set()
        for event in execute(runs, task, workers=2, checkpoint_seconds=0.0, **KEEP):
            if isinstance(event, Checkpointed) and event.epoch > 2 and not before:
                before = workers_now()
                os.kill(min(before), signal.SIGKILL)
            done |= ended([event])
        assert before, "the training was over before anything could be killed"
        assert {key: bits(one) for key, one in done.items()} == expected

    def test_one_that_dies_on_the_same_runs_twice_is_given_up(self, workers_now):
        task, runs = long_population()
        killed = set()

        events = execute(runs, task, workers=2, checkpoint_seconds=0.0)
        with pytest.raises(WorkerError, match="ended twice on the same runs") as caught:
            deque(map(killing_all(workers_now, killed), events), maxlen=0)
        assert len(killed) >= 2
        assert "\n" not in str(caught.value)

    def test_closing_the_generator_leaves_no_process(self, workers_now):
        task, runs = long_population()
        events = execute(runs, task, workers=2)
        next(events)
        assert len(workers_now()) == 2
        events.close()
        assert not workers_now()

    def test_an_interrupt_leaves_checkpoints_to_go_on_from(self, undisturbed):
        task, runs, expected = undisturbed
        events = execute(runs, task, workers=2, checkpoint_seconds=1e9)
        next(events)
        kept = {}
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012
            event = events.throw(KeyboardInterrupt)
            while True:
                if isinstance(event, Checkpointed):
                    kept[event.key] = event
                event = next(events)
        assert kept
        resumed = ended(execute(runs, task, workers=1, resume=kept, **KEEP))
        assert {key: bits(one) for key, one in resumed.items()} == expected


class TestMistakes:
    @pytest.mark.parametrize("workers", [1, 2])
    def test_a_bad_checkpoint_is_the_same_line_everywhere(self, workers):
        task, runs = mixed_population()

        class Kept:
            blob = b"garbage"

        with pytest.raises(StoreError, match=f"checkpoint of run {runs[0].key}: cannot be read"):
            list(execute(runs, task, workers=workers, resume={runs[0].key: Kept}))

    @pytest.mark.parametrize("workers", [1, 2])
    def test_a_run_that_does_not_fit_is_refused(self, workers):
        task, runs = mixed_population()
        bad = of(task, fit=Fit(batch_size=1000))
        with pytest.raises(ConfigError, match=r"fit\.batch_size: expected at most"):
            list(execute([*runs, bad], task, workers=workers))

    def test_an_unknown_metric_is_refused_before_a_worker_starts(self, workers_now):
        task, runs = mixed_population()
        bad = of(task, fit=Fit(batch_size=16, measures=("nope",)))
        with pytest.raises(ConfigError, match="no metric 'nope'"):
            next(execute([*runs, bad], task, workers=2))
        assert not workers_now()

    def test_no_workers_is_no_number(self):
        with pytest.raises(ConfigError, match="workers: expected at least 1; got 0"):
            list(execute([], made_up(), workers=0))

    def test_nothing_to_do_is_done_at_once(self):
        assert list(execute([], made_up(), workers=2)) == []


def test_what_does_not_fit_is_told_before_anything_trains():
    task = made_up(n=90, features=5)
    fits = of(task, net=MLP(hidden=(4,)), fit=Fit(epochs=1, batch_size=16))
    large = of(task, net=MLP(hidden=(4,), norm="layer"), fit=Fit(epochs=1, batch_size=500))
    with pytest.raises(ConfigError, match="at most the 90 training rows"):
        next(execute([fits, large], task, workers=2))


def test_a_run_given_twice_is_trained_once():
    task, runs = mixed_population()
    events = list(execute([*runs[:4], *runs[:4]], task, workers=1))
    assert sum(isinstance(event, Ended) for event in events) == 4


def test_small_jobs_stay_here(workers_now):
    task, runs = mixed_population()
    for _ in execute(runs, task):
        assert not workers_now()


def test_arrays_are_shared_not_sent():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (60, 4, 4)).astype("u1"), rng.integers(0, 3, 60)
    task = task_from_arrays(X, y, weights=rng.random(60).astype(">f4"))
    runs = [of(task, net=MLP(hidden=(h,)), fit=Fit(epochs=1, batch_size=16)) for h in (4, 5)]
    here = ended(execute(runs, task, workers=1, **KEEP))
    there = ended(execute(runs, task, workers=2, **KEEP))
    assert {k: bits(e) for k, e in here.items()} == {k: bits(e) for k, e in there.items()}
