"""What is finished is kept, whatever happens; what is kept is never trained again."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from mlplab.data import Task
from mlplab.errors import ConfigError, Interrupted, StoreError
from mlplab.experiment import Experiment, Progress, Setup, conduct
from mlplab.experiment.plan import make_plan
from mlplab.specs import Fit, Provenance, Run, TaskRef
from mlplab.store import Checkpoint, Store
from mlplab.store.failures import UnwritableError


@pytest.fixture
def store(tmp_path: Any) -> Store:
    return Store(tmp_path / "runs.sqlite")


def keys(experiment: Experiment) -> list[str]:
    return [cell.key for cell in experiment.cells()]


def test_the_runs_are_arms_by_seeds_of_one_task(experiment: Experiment, task: Task) -> None:
    runs = experiment.runs()
    assert [(run.optim.lr, run.seed) for run in runs] == [
        (rate, seed) for rate in (0.1, 0.2, 0.3) for seed in range(4)
    ]
    assert all(run.task == TaskRef(**task.spec()) for run in runs)
    assert [run.key for run in runs] == keys(experiment)
    assert len(set(keys(experiment))) == 12


def test_cost_and_plan_train_nothing(experiment: Experiment, store: Store, fake: Any) -> None:
    assert experiment.cost(backend=fake.backend).runs == 12
    plan = experiment.plan(store)
    assert (len(plan.finished), len(plan.remaining)) == (0, 12)
    Experiment(experiment.data, experiment.base, {"lr": [0.2]}, seeds=3).run(
        store, backend=fake.backend
    )
    plan = experiment.plan(store)
    assert (len(plan.finished), len(plan.remaining)) == (3, 9)
    cost = plan.cost(experiment.data, fake.backend)
    assert plan.as_dict(cost) == {
        "runs": 12,
        "finished": 3,
        "remaining": 9,
        "flop": 180.0,
        "seconds": pytest.approx(1.8),
        "bytes": 64,
        "paths": {"compiled loop": 9},
    }
    assert len(fake.trained) == 3


def test_remembered_equals_computed(experiment: Experiment, store: Store, fake: Any) -> None:
    computed = experiment.run(store, backend=fake.backend)
    remembered = experiment.run(store, backend=fake.backend)
    assert (computed.from_store, remembered.from_store) == (0, 12)
    assert len(fake.trained) == 12
    assert len(fake.calls) == 1
    pd.testing.assert_frame_equal(computed.frame(), remembered.frame())


def test_a_store_that_may_only_be_read_answers_what_it_holds(
    experiment: Experiment, tmp_path: Any, fake: Any, monkeypatch: Any
) -> None:
    file = tmp_path / "place.sqlite"
    whole = experiment.run(file, backend=fake.backend)
    with Store(file) as store:
        refusal = UnwritableError("it may only be read")
        monkeypatch.setattr(store._database, "_only_read", refusal)
        again = experiment.run(store, backend=fake.backend)
        pd.testing.assert_frame_equal(again.frame(), whole.frame())
        assert again.verdicts() == whole.verdicts()
        more = Experiment(experiment.data, experiment.base, dict(experiment.vary), seeds=99)
        with pytest.raises(UnwritableError, match="it may only be read"):
            more.run(store, backend=fake.backend)
    assert len(fake.calls) == 1, "something was trained that cannot be kept"


def test_a_store_may_be_given_as_a_place(experiment: Experiment, tmp_path: Any, fake: Any) -> None:
    experiment.run(tmp_path / "place.sqlite", backend=fake.backend)
    runs = experiment.run(f"sqlite:///{tmp_path / 'place.sqlite'}", backend=fake.backend)
    assert runs.from_store == 12


def test_more_arms_or_seeds_recompute_nothing(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    before = experiment.run(store, backend=fake.backend).frame()
    more = Experiment(
        experiment.data, experiment.base, {"lr": [0.3, 0.4, 0.2, 0.1]}, seeds=[5, 3, 2, 1, 0]
    )
    runs = more.run(store, backend=fake.backend)
    assert runs.from_store == 12
    assert [(run.optim.lr, run.seed) for run in fake.trained[12:]] == [
        (0.3, 5),
        *((0.4, seed) for seed in (5, 3, 2, 1, 0)),
        (0.2, 5),
        (0.1, 5),
    ]
    again = runs.frame()
    shared = again[again.key.isin(before.key)].set_index(["key", "epoch"]).sort_index()
    pd.testing.assert_frame_equal(shared, before.set_index(["key", "epoch"]).sort_index())


def test_settings_reach_the_backend(experiment: Experiment, store: Store, fake: Any) -> None:
    experiment.run(store, backend=fake.backend, workers=3, device="cuda", keep_weights=True)
    (call,) = fake.calls
    assert (call["workers"], call["device"], call["keep_weights"]) == (3, "cuda", True)
    assert call["resume"] == {}


def test_interrupted_runs_are_kept_and_the_same_call_continues(
    experiment: Experiment, store: Store, fake: Any, make_fake: Callable[..., Any]
) -> None:
    fake.stop_after = 5
    with pytest.raises(Interrupted, match=r"5 of 12 runs are finished and kept in .*runs\.sqlite"):
        experiment.run(store, backend=fake.backend)
    assert list(store.get(keys(experiment))) == keys(experiment)[:5]
    assert fake.closed == 1
    fake.stop_after = None
    continued = experiment.run(store, backend=fake.backend)
    assert continued.from_store == 5
    assert [run.key for run in fake.trained] == keys(experiment)
    whole = experiment.run(":memory:", backend=make_fake().backend)
    pd.testing.assert_frame_equal(continued.frame(), whole.frame())


@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_a_failing_backend_loses_nothing_finished(
    experiment: Experiment, store: Store, fake: Any, error: type[BaseException]
) -> None:
    fake.stop_after, fake.stop_with = 7, error
    with pytest.raises(error):
        experiment.run(store, backend=fake.backend)
    assert len(store.get(keys(experiment))) == 7


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupt_in_the_progress_report_keeps_what_ended(
    experiment: Experiment, store: Store, fake: Any, error: type[BaseException]
) -> None:
    def report(progress: Progress) -> None:
        if fake.trained:
            raise error

    with pytest.raises(Interrupted if error is KeyboardInterrupt else error):
        experiment.run(store, backend=fake.backend, progress=report)
    assert len(store.get(keys(experiment))) == len(fake.trained) > 0
    assert fake.closed == 1


def test_closing_the_generator_keeps_what_was_yielded(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    plan = make_plan(experiment.cells(), store)
    outcomes = conduct(plan, experiment.data, Setup(store, fake.backend))
    seen = list(itertools.islice(outcomes, 3))
    outcomes.close()
    assert fake.closed == 1
    assert list(store.get(keys(experiment)).values()) == seen


def test_a_finished_run_is_stored_before_anything_else_ends(
    experiment: Experiment, store: Store, fake: Any, waiting: Callable[..., bool]
) -> None:
    plan = make_plan(experiment.cells(), store)
    outcomes = conduct(plan, experiment.data, Setup(store, fake.backend))
    # Three end in one burst; then the backend is silent.
    seen = [outcome.key for outcome in itertools.islice(outcomes, 3)]
    assert waiting(lambda: list(store.get(keys(experiment))) == seen)
    outcomes.close()


def test_a_store_that_cannot_be_written_stops_the_work(
    experiment: Experiment, store: Store, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(store, "put", full)
    with pytest.raises(StoreError, match="the disk is full"):
        experiment.run(store, backend=fake.backend)
    assert fake.closed == 1


def test_checkpoints_are_kept_and_handed_back(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    fake.checkpoint = True
    plan = make_plan(experiment.cells(), store)
    outcomes = conduct(plan, experiment.data, Setup(store, fake.backend))
    done = next(outcomes).key
    reports: list[Progress] = []
    fake.stop_after = 0
    outcomes.close()
    todo = [key for key in keys(experiment) if key != done]
    store.put_checkpoints([Checkpoint(todo[0], 1, 10, b"half")], fake.provenance.id)
    with pytest.raises(Interrupted):
        experiment.run(store, backend=fake.backend, progress=reports.append)
    resume = fake.calls[-1]["resume"]
    assert {key: state.blob for key, state in resume.items()} == {todo[0]: b"half"}
    assert reports[-1].run_epochs_total == 2 * len(todo) - 1


def test_a_checkpoint_reported_before_an_interrupt_is_in_the_store(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    fake.checkpoint = True
    events = fake.execute(experiment.runs(), experiment.data, keep_weights=False)
    first = next(events)

    def one_checkpoint(*args: Any, **settings: Any) -> Any:
        yield first
        raise KeyboardInterrupt

    fake.execute = one_checkpoint
    with pytest.raises(Interrupted, match="0 of 12 runs"):
        experiment.run(store, backend=fake.backend)
    found = store.checkpoints(keys(experiment), fake.provenance.id)
    assert {key: state.blob for key, state in found.items()} == {first.key: first.blob}
    # Bits of another provenance could not be continued.
    assert store.checkpoints(keys(experiment), "other") == {}


def test_provenance_and_spec_are_kept_with_the_runs(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    runs = experiment.run(store, backend=fake.backend)
    assert runs.provenances == {fake.provenance.id: fake.provenance}
    assert store.runs(keys(experiment)[:1])[keys(experiment)[0]].startswith('{"fit"')


def test_one_look_per_call_computed_or_remembered(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    experiment.run(store, backend=fake.backend)
    experiment.run(store, backend=fake.backend, purpose="again")
    fields = ("split", "purpose", "experiment", "n_runs", "remembered")
    assert [tuple(look[name] for name in fields) for look in store.looks()] == [
        ("test", "results of fixed arms", "rates", 12, False),
        ("test", "again", "rates", 12, True),
    ]


def test_no_look_without_test_metrics_or_results(
    experiment: Experiment, task: Task, store: Store, fake: Any
) -> None:
    fake.stop_after = 3
    with pytest.raises(Interrupted):
        experiment.run(store, backend=fake.backend)
    fake.stop_after = None
    blind = Run(fit=Fit(epochs=2, test="never"))
    Experiment(task, blind, {"lr": [0.1]}, seeds=2).run(store, backend=fake.backend)
    assert store.looks() == []


def test_weights_are_trained_where_they_are_missing(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    fake.diverges = lambda run: run.optim.lr == 0.3
    first = experiment.run(store, backend=fake.backend)
    assert store.weights(keys(experiment)) == {}
    plan = experiment.plan(store, keep_weights=True)
    assert (len(plan.remaining), plan.without_weights) == (8, 8)
    second = experiment.run(store, backend=fake.backend, keep_weights=True)
    assert second.from_store == 4
    assert len(store.weights(keys(experiment))) == 8
    third = experiment.run(store, backend=fake.backend, keep_weights=True)
    assert third.from_store == 12
    pd.testing.assert_frame_equal(first.frame(), third.frame())


def test_weights_of_new_runs_alone_may_be_kept(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    some = Experiment(experiment.data, experiment.base, {"lr": [0.2]}, seeds=4)
    some.run(store, backend=fake.backend)
    runs = experiment.run(store, backend=fake.backend, keep_weights="new")
    assert runs.from_store == 4
    assert store.with_weights(keys(experiment)) == set(keys(experiment)) - set(keys(some))


def test_weights_of_something_else_are_one_line(experiment: Experiment, fake: Any) -> None:
    with pytest.raises(ConfigError, match="keep_weights: expected True, False or 'new'; got 'all'"):
        experiment.run(":memory:", backend=fake.backend, keep_weights="all")  # type: ignore[arg-type]


def test_runs_of_another_machine_are_used_and_noted(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    Experiment(experiment.data, experiment.base, {"lr": [0.2]}, seeds=4).run(
        store, backend=fake.backend
    )
    elsewhere = fake.provenance
    fake.provenance = Provenance("other", "0", "exact", "1")
    runs = experiment.run(store, backend=fake.backend)
    assert runs.from_store == 4
    assert runs.provenances == {elsewhere.id: elsewhere, fake.provenance.id: fake.provenance}
    assert "2 provenances" in runs.note
    assert set(runs.frame().groupby("optim.lr").provenance.unique().map(len)) == {1}


def test_of_several_machines_this_ones_rows_go_together(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    here, elsewhere = fake.provenance, Provenance("other", "0", "exact", "1")
    experiment.run(store, backend=fake.backend)
    some = Experiment(experiment.data, experiment.base, {"lr": [0.2]}, seeds=4)
    fake.provenance = elsewhere
    store.put([fake.outcome(run, experiment.data) for run in some.runs()])
    fake.provenance = here
    runs = experiment.run(store, backend=fake.backend)
    assert runs.from_store == 12
    assert list(runs.provenances) == [here.id]
    assert runs.note == ""


def test_no_thread_is_left_behind(experiment: Experiment, store: Store, fake: Any) -> None:
    before = threading.active_count()
    experiment.run(store, backend=fake.backend)
    assert threading.active_count() == before
