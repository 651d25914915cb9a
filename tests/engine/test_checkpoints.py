"""Stopped anywhere and resumed, a run ends with the bits of one that was never stopped."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save
from tests.engine.population import bits, ended, made_up, of, populations, trained

from mlplab.data import Task
from mlplab.engine import Checkpointed, Ended, Progressed, train
from mlplab.errors import StoreError
from mlplab.specs import MLP, SGD, Adam, Fit, Run

few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck))

pytestmark = pytest.mark.usefixtures("every_step")


class StopAfter:
    """Answers yes when asked for the n-th time, and no again after that."""

    def __init__(self, n: int) -> None:
        self.left = n

    def __call__(self) -> bool:
        self.left -= 1
        return self.left == 0


def train_with_stops(
    runs: list[Run], task: Task, stops: list[int], slots: list[int | None]
) -> dict[str, Ended]:
    """Train, stop after so many questions, resume in a stack of another size, and so on."""
    done: dict[str, Ended] = {}
    resume: dict[str, bytes] = {}
    for n, size in zip([*stops, 0], [*slots, None], strict=False):
        left = [run for run in runs if run.key not in done]
        options = {"keep_weights": True, "keep_correct": True, "checkpoint_seconds": 1e9}
        for event in train(left, task, resume=resume, stop=StopAfter(n), slots=size, **options):
            if isinstance(event, Checkpointed):
                resume[event.key] = event.blob
            elif isinstance(event, Ended):
                done[event.outcome.key] = event
    return done


def assert_stops_change_nothing(population, data: st.DataObject) -> None:
    task, runs = population
    stops = data.draw(st.lists(st.integers(1, 12), min_size=1, max_size=4))
    slots = data.draw(st.lists(st.sampled_from([None, 1, 2, 3]), min_size=5, max_size=5))
    whole, parts = trained(runs, task), train_with_stops(runs, task, stops, slots)
    assert set(whole) == set(parts)
    for key, one in whole.items():
        assert bits(one) == bits(parts[key])


@few
@given(populations(most=6), st.data())
def test_stopped_at_random_steps(population, data):
    assert_stops_change_nothing(population, data)


@pytest.mark.slow
@many
@given(populations(most=12), st.data())
def test_stopped_at_random_steps_thoroughly(population, data):
    assert_stops_change_nothing(population, data)


def test_runs_that_stopped_at_different_steps_go_on_together():
    task = made_up(n=64)
    runs = [
        of(task, net=MLP(hidden=(5,)), optim=Adam(), seed=seed,
           fit=Fit(epochs=epochs, batch_size=8))
        for seed, epochs in enumerate([1, 2, 3, 3, 2, 1])
    ]  # fmt: skip
    resume = {}
    for steps, run in enumerate(runs, start=1):
        for event in train([run], task, stop=StopAfter(min(steps, 5)), checkpoint_seconds=1e9):
            if isinstance(event, Checkpointed):
                resume[event.key] = event.blob
                assert event.step == min(steps, 5)
    assert len(resume) == 6
    whole = trained(runs, task)
    for slots in (1, 2, 3, None):
        resumed = trained(runs, task, resume=resume, slots=slots)
        assert {k: bits(e) for k, e in resumed.items()} == {k: bits(e) for k, e in whole.items()}


def test_a_step_is_never_lost_between_short_epochs():
    # Epochs of one step: the only places to stop are between them.
    task = made_up(n=16)
    run = of(task, fit=Fit(epochs=30, batch_size=16))
    events = list(train([run], task, stop=StopAfter(7), checkpoint_seconds=1e9))
    assert not any(isinstance(event, Ended) for event in events)
    (kept,) = [event for event in events if isinstance(event, Checkpointed)]
    assert (kept.epoch, kept.step) == (7, 0)
    resumed = trained([run], task, resume={run.key: kept.blob})
    assert bits(resumed[run.key]) == bits(trained([run], task)[run.key])


def test_stop_ends_everything_at_once():
    task = made_up(n=64)
    # Two programs: the second must not begin.
    runs = [of(task, net=MLP(hidden=(h,)), fit=Fit(epochs=3, batch_size=8)) for h in (4, 5)]
    events = list(train(runs, task, stop=StopAfter(2)))
    assert {event.key for event in events if isinstance(event, Checkpointed)} == {runs[0].key}
    assert not ended(events)


def test_checkpoints_come_on_time():
    task = made_up(n=64)
    runs = [of(task, seed=s, fit=Fit(epochs=2, batch_size=8)) for s in range(2)]
    always = [e for e in train(runs, task, checkpoint_seconds=0) if isinstance(e, Checkpointed)]
    # After each of 8 steps of 2 epochs but the very last.
    assert [(e.epoch, e.step) for e in always if e.key == runs[0].key] == (
        [(0, s) for s in range(1, 8)] + [(1, s) for s in range(8)]
    )
    never = list(train(runs, task, checkpoint_seconds=1e9))
    assert not any(isinstance(event, Checkpointed) for event in never)


def test_progress_adds_up_over_a_stop():
    task = made_up(n=64)
    runs = [of(task, seed=s, fit=Fit(epochs=s + 1, batch_size=8)) for s in range(4)]
    resume, done, work = {}, {}, 0.0
    for n in (11, 0):
        left = [run for run in runs if run.key not in done]
        for event in train(left, task, resume=resume, stop=StopAfter(n), checkpoint_seconds=1e9):
            if isinstance(event, Progressed):
                work += event.run_epochs
            elif isinstance(event, Checkpointed):
                resume[event.key] = event.blob
            else:
                done[event.outcome.key] = event
    assert work == pytest.approx(1 + 2 + 3 + 4)


def checkpoint() -> tuple[Task, Run, bytes]:
    task = made_up(n=64)
    run = of(task, net=MLP(hidden=(5,)), optim=SGD(momentum=0.9),
             fit=Fit(epochs=2, batch_size=8))  # fmt: skip
    events = train([run], task, stop=StopAfter(3), checkpoint_seconds=1e9)
    (kept,) = [event for event in events if isinstance(event, Checkpointed)]
    return task, run, kept.blob


class TestDamage:
    @pytest.mark.parametrize("blob", [b"", b"garbage", os.urandom(500), b"\xff" * 64, save({})])
    def test_garbage_is_one_clear_line(self, blob):
        task, run, _ = checkpoint()
        with pytest.raises(StoreError, match=f"checkpoint of run {run.key}") as caught:
            list(train([run], task, resume={run.key: blob}))
        assert "\n" not in str(caught.value)

    def test_a_cut_blob(self):
        task, run, blob = checkpoint()
        for size in range(0, len(blob), max(1, len(blob) // 40)):
            with pytest.raises(StoreError, match="cannot be read"):
                list(train([run], task, resume={run.key: blob[:size]}))

    def test_another_runs_blob(self):
        task, run, blob = checkpoint()
        other = run.replace(seed=5)
        with pytest.raises(StoreError, match=run.key):
            list(train([other], task, resume={other.key: blob}))

    def test_weights_of_another_shape(self):
        task, run, blob = checkpoint()
        from mlplab.engine.training import Splits, Training

        wide = Training.begin(run, Splits(task))
        wide.resume(lambda: blob)
        wide.thaw()
        state = {name: t.repeat(*([2] + [1] * (t.ndim - 1))) for name, t in wide.state.items()}
        with pytest.raises(StoreError, match=r"expected weight\.0"):
            list(train([run], task, resume={run.key: wide.freeze(state)}))

    @pytest.mark.parametrize(
        "change",
        [
            {"epoch": 99},  # it would train for ever
            {"epoch": 2},
            {"epoch": "x"},
            {"epoch": True},
            {"step": 99},
            {"step": -1},
            {"best_epoch": 99},
            {"good_epoch": "x"},
            {"n_rewinds": 5},
            {"history": {"train_loss": ["0x1p0"] * 9}},
            {"seconds": "x"},
            {"seconds": float("nan")},
        ],
        ids=str,
    )
    def test_a_place_that_the_run_has_not(self, change):
        task, run, blob = checkpoint()
        size = int.from_bytes(blob[:8], "little")
        note = json.loads(json.loads(blob[8 : 8 + size])["__metadata__"]["training"])
        damaged = save(load(blob), {"training": json.dumps(note | change)})
        with pytest.raises(StoreError, match=f"checkpoint of run {run.key}: cannot be read"):
            list(train([run], task, resume={run.key: damaged}))

    def test_an_unknown_key_is_not_read(self):
        task, run, _ = checkpoint()
        assert ended(train([run], task, resume={"other": b"garbage"}))
