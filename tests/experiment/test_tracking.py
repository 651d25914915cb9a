"""What MLflow and TensorBoard are told, read back with their own readers."""

from __future__ import annotations

import json
import math
import struct
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlplab.data import Task
from mlplab.errors import ConfigError, Interrupted, StoreError
from mlplab.experiment import Experiment, Runs
from mlplab.experiment.kept import Asked, kept_runs
from mlplab.experiment.tracking import Tracker, children, export_to, open_destination
from mlplab.search import Range, Search
from mlplab.specs import MLP, Difference, Fit, Run
from mlplab.store import Store

VARY = {"lr": [0.1, 0.2], "hidden": [256, (8, 4)]}


@pytest.fixture
def experiment(task: Task) -> Experiment:
    low, high = {"lr": 0.1, "hidden": 256}, {"lr": 0.2, "hidden": 256}
    claim = Difference(key="rate", arm=high, baseline=low, expect="higher", metric="valid_accuracy")
    base = Run(fit=Fit(epochs=3))
    return Experiment(task, base, VARY, seeds=3, name="rates' <b>x</b>", claims=[claim])


@pytest.fixture
def mlflow_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder: MLflow takes ten seconds to make a database."""
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    return (tmp_path / "mlruns").as_uri()


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    pytest.importorskip("tensorboardX")
    return tmp_path / "logs"


def client_of(uri: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(uri)


def mlflow_runs(uri: str) -> tuple[list[Any], list[Any]]:
    """All parents and all children."""
    client = client_of(uri)
    found = client.search_runs([client.get_experiment_by_name("mlplab").experiment_id])
    parents = [run for run in found if "mlplab.id" in run.data.tags]
    return parents, [run for run in found if "mlplab.child" in run.data.tags]


def events(path: Path) -> list[Any]:
    """The records of an event file, each with its two sums checked."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import masked_crc32c

    data, place, found = path.read_bytes(), 0, []
    while place < len(data):
        head = data[place : place + 8]
        (length,) = struct.unpack("<Q", head)
        body = data[place + 12 : place + 12 + length]
        sums = struct.unpack("<I", data[place + 8 : place + 12])
        sums += struct.unpack("<I", data[place + 12 + length : place + 16 + length])
        assert sums == (masked_crc32c(head), masked_crc32c(body))
        found.append(Event.FromString(body))
        place += 16 + length
    return found


def scalars(path: Path) -> dict[str, dict[int, float]]:
    curves: dict[str, dict[int, float]] = {}
    for event in events(path):
        for value in event.summary.value:
            if value.WhichOneof("value") == "simple_value":
                curves.setdefault(value.tag, {})[event.step] = value.simple_value
    return curves


def run_files(logs: Path) -> list[Path]:
    return sorted(path for path in logs.rglob("*tfevents*") if "verdicts" not in path.name)


def assert_is(curves: Mapping[str, Mapping[int, float]], runs: Runs, key: str, rel: float) -> None:
    outcome = runs.outcomes[key]
    frame = runs.frame()
    of_run = frame[frame["key"] == key].set_index("epoch")
    for metric in outcome.history:
        wanted = of_run[metric].dropna()
        assert dict(curves[metric]) == pytest.approx(wanted.to_dict(), rel=rel)
        (final,) = curves[f"final/{metric}"].values()
        assert final == pytest.approx(outcome.last(metric), rel=rel)


def test_mlflow_has_every_run_below_its_experiment(
    experiment: Experiment, store: Store, fake: Any, mlflow_uri: str
) -> None:
    fake.diverges = lambda run: run.optim.lr == 0.2 and run.seed == 1
    runs = experiment.run(store, backend=fake.backend, track=f"mlflow={mlflow_uri}")
    (parent,), found = mlflow_runs(mlflow_uri)
    assert parent.info.run_name == experiment.title
    assert parent.info.status == "FINISHED"
    assert {run.data.tags["mlplab.key"] for run in found} == set(runs.outcomes)
    assert {run.data.tags["mlflow.parentRunId"] for run in found} == {parent.info.run_id}
    client = client_of(mlflow_uri)
    cells = {cell.key: cell for cell in runs.cells}
    for run in found:
        key = run.data.tags["mlplab.key"]
        outcome, cell = runs.outcomes[key], cells[key]
        assert run.info.status == ("FAILED" if outcome.status == "diverged" else "FINISHED")
        assert run.data.tags["mlplab.provenance"] == outcome.provenance
        assert run.data.params["optim.lr"] == str(cell.run.optim.lr)
        assert run.data.params["net.hidden"] == "x".join(map(str, cell.run.net.hidden))
        assert run.data.params["seed"] == str(cell.seed)
        assert run.data.params["fit.epochs"] == "3"
        if outcome.status == "finished":
            curves = {
                name: {m.step: m.value for m in client.get_metric_history(run.info.run_id, name)}
                for name in run.data.metrics
            }
            assert_is(curves, runs, key, rel=1e-12)
    (verdict,) = runs.verdicts()
    assert parent.data.tags["verdict.rate"] == verdict.verdict
    place = client.download_artifacts(parent.info.run_id, "verdicts.json")
    (row,) = json.loads(Path(place).read_text(encoding="utf-8"))["verdicts"]
    assert row["effect"] == pytest.approx(verdict.effect)


def test_tensorboard_has_every_run_in_a_folder_of_its_own(
    experiment: Experiment, store: Store, fake: Any, logs: Path
) -> None:
    runs = experiment.run(store, backend=fake.backend, track=f"tensorboard={logs}")
    files = run_files(logs)
    assert len({path.parent for path in files}) == len(files) == len(runs)
    cells = {cell.key: cell for cell in runs.cells}
    for path in files:
        key = path.name.split(".")[3]
        assert_is(scalars(path), runs, key, rel=1e-6)
        said = {v.tag: v.metadata.plugin_data for e in events(path) for v in e.summary.value}
        from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

        start = HParamsPluginData.FromString(said["_hparams_/session_start_info"].content)
        settings = start.session_start_info.hparams
        assert settings["optim.lr"].number_value == cells[key].run.optim.lr
        assert settings["mlplab.key"].string_value == key
    (verdicts,) = logs.rglob("*verdicts*")
    (table,) = [v.tensor.string_val[0] for e in events(verdicts) for v in e.summary.value]
    assert runs.verdicts()[0].verdict in table.decode()


def test_tensorboard_itself_reads_the_files(
    experiment: Experiment, store: Store, fake: Any, logs: Path
) -> None:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    runs = experiment.run(store, backend=fake.backend, track=f"tensorboard={logs}")
    for path in run_files(logs):
        found = reader.EventAccumulator(str(path.parent))
        found.Reload()
        outcome = runs.outcomes[path.name.split(".")[3]]
        values = [event.value for event in found.Scalars("train_loss")]
        assert values == pytest.approx(outcome.history["train_loss"], rel=1e-6)


@pytest.mark.parametrize("to", ["mlflow", "tensorboard"])
def test_nothing_is_written_twice(
    to: str, experiment: Experiment, store: Store, fake: Any, request: pytest.FixtureRequest
) -> None:
    place = request.getfixturevalue("mlflow_uri" if to == "mlflow" else "logs")

    def count() -> int:
        return len(mlflow_runs(place)[1]) if to == "mlflow" else len(run_files(place))

    fake.stop_after = 5
    with pytest.raises(Interrupted):
        experiment.run(store, backend=fake.backend, track=f"{to}={place}")
    fake.stop_after = None
    for _ in range(2):
        runs = experiment.run(store, backend=fake.backend, track=f"{to}={place}")
        assert count() == len(runs)
    kept = kept_runs(store)
    before = {p: p.read_bytes() for p in run_files(place)} if to == "tensorboard" else {}
    assert export_to(kept, open_destination(f"{to}={place}")) == len(runs)
    assert count() == len(runs)
    assert all(path.read_bytes() == was for path, was in before.items())
    if to == "mlflow":
        assert len(mlflow_runs(place)[0]) == 1


def test_two_writers_at_once_share_one_parent(
    mlflow_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlplab.experiment.tracking.children import Group
    from mlplab.experiment.tracking.mlflow import MlflowServer

    group = Group("rates", "arrays", "abc")
    first, second = MlflowServer(mlflow_uri), MlflowServer(mlflow_uri)
    create = first._client.create_run

    def create_late(*args: Any, **options: Any) -> Any:
        second.begin(group, "run")  # between the look and the creation
        return create(*args, **options)

    monkeypatch.setattr(first._client, "create_run", create_late)
    first.begin(group, "run")
    (parent,) = mlflow_runs(mlflow_uri)[0]
    assert first._parents == second._parents == {group.id: parent.info.run_id}


def test_two_writers_of_one_run_leave_one(mlflow_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlplab.experiment.tracking.children import Child, Group
    from mlplab.experiment.tracking.mlflow import MlflowServer

    child = Child(
        id="c1",
        arm="lr=0.1",
        arm_id="a1",
        seed=0,
        n_runs=1,
        params={"optim.lr": 0.1},
        curves={"valid_loss": [(1, 0.5), (2, 0.25)]},
        final={"valid_loss": 0.25},
        tags={"key": "c1"},
        failed=False,
        seconds=1.0,
        time=1.7e9,
    )
    group = Group("rates", "arrays", "abc")
    first, second = MlflowServer(mlflow_uri), MlflowServer(mlflow_uri)
    first.begin(group, "run")
    second.begin(group, "run")
    create = first._client.create_run

    def create_late(*args: Any, **options: Any) -> Any:
        second.put(group, child)  # between the look and the creation
        return create(*args, **options)

    monkeypatch.setattr(first._client, "create_run", create_late)
    first.put(group, child)
    second.put(group, child)  # it has not heard of the other
    assert len(mlflow_runs(mlflow_uri)[1]) == 1
    assert first._children == second._children


def test_two_that_first_meet_a_server_share_its_experiment(
    mlflow_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    from mlplab.experiment.tracking.mlflow import MlflowServer

    create, made = MlflowClient.create_experiment, []

    def create_late(self: Any, name: str) -> Any:
        if not made:
            made.append(create(self, name))  # by another, between the look and the creation
        return create(self, name)

    monkeypatch.setattr(MlflowClient, "create_experiment", create_late)
    assert MlflowServer(mlflow_uri)._experiment == made[0]


def test_an_interrupted_tracker_ends_what_it_writes(
    experiment: Experiment, store: Store, fake: Any, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlplab.experiment.tracking.tensorboard import EventFiles

    interrupted, ended = threading.Event(), threading.Event()
    begin, abandon = EventFiles.begin, Tracker.abandon

    def begin_slowly(self: EventFiles, *args: Any) -> Any:
        interrupted.wait(60.0)
        time.sleep(0.2)  # who does not wait is ahead of it
        each = begin(self, *args)
        ended.set()
        return each

    def interrupt(self: Tracker) -> None:
        interrupted.set()
        abandon(self)

    monkeypatch.setattr(EventFiles, "begin", begin_slowly)
    monkeypatch.setattr(Tracker, "abandon", interrupt)
    fake.stop_after = 1
    with pytest.raises(Interrupted):
        experiment.run(store, backend=fake.backend, track=f"tensorboard={logs}")
    assert ended.is_set()


@pytest.mark.parametrize("to", ["mlflow", "tensorboard"])
def test_many_runs_are_told_arm_by_arm(
    to: str,
    experiment: Experiment,
    store: Store,
    fake: Any,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    place = request.getfixturevalue("mlflow_uri" if to == "mlflow" else "logs")
    monkeypatch.setattr(children, "MOST_RUNS", 4)
    fake.diverges = lambda run: run.optim.lr == 0.2 and run.seed == 1
    runs = experiment.run(store, backend=fake.backend, track=f"{to}={place}")
    means = {s.arm: s.mean for s in runs.summary("valid_accuracy")}
    labels = {arm.label: arm.run.optim.lr for arm in runs.arms}
    wanted = sorted((labels[arm], mean) for arm, mean in means.items())
    if to == "mlflow":
        found = [
            (float(run.data.params["optim.lr"]), run.data.metrics["final/valid_accuracy"])
            for run in mlflow_runs(place)[1]
        ]
        assert {run.data.tags["mlplab.diverged"] for run in mlflow_runs(place)[1]} == {"0", "1"}
    else:
        found = []
        for path in run_files(place):
            (value,) = scalars(path)["final/valid_accuracy"].values()
            found.append((0.2 if "lr=0.2" in str(path) else 0.1, value))
    assert len(found) == len(runs.arms)
    assert np.array(sorted(found)) == pytest.approx(np.array(wanted), rel=1e-6)
    # The same arms with further seeds give way to them; with the same ones they stay.
    more = Experiment(experiment.task, experiment.base, VARY, seeds=5, name=experiment.name).run(
        store, backend=fake.backend, track=f"{to}={place}"
    )
    n = len(mlflow_runs(place)[1]) if to == "mlflow" else len(run_files(place))
    assert n == len(more.arms)


def test_an_arm_is_the_mean_of_its_runs_epoch_by_epoch(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    runs = experiment.run(store, backend=fake.backend)
    arm = runs.arms[0]
    cells = [cell for cell in runs.cells if cell.arm == arm]
    tracked = [
        children.TrackedRun(c.key, json.loads(c.run.text), runs.outcomes[c.key], 0.0) for c in cells
    ]
    child = children.child_of_arm(tracked)
    frame = runs.frame()
    by_epoch = frame[frame["arm"] == arm.label].groupby("epoch")["valid_loss"]
    assert dict(child.curves["valid_loss"]) == pytest.approx(by_epoch.mean().to_dict())
    assert dict(child.curves["sd/valid_loss"]) == pytest.approx(by_epoch.std().to_dict())
    assert children.child_of_arm(tracked[::-1]) == child
    assert len({run.arm_id for run in tracked}) == 1


def test_a_search_is_told_with_its_finalists_under_one_name(
    task: Task, store: Store, fake: Any, logs: Path
) -> None:
    search = Search(
        task,
        Run(fit=Fit(epochs=2)),
        {"lr": Range(low=0.1, high=0.9)},
        budget=8,
        finalists=2,
        finalist_seeds=2,
    )
    result = search.run(store, backend=fake.backend, track=f"tensorboard={logs}")
    assert len(run_files(logs)) == result.n_runs
    (folder,) = logs.iterdir()
    assert folder.name.startswith("search_by_random")


def test_fresh_seeds_of_the_chosen_arm_are_told_too(
    experiment: Experiment, store: Store, fake: Any, logs: Path
) -> None:
    tracker = Tracker([f"tensorboard={logs}"])
    runs = experiment.run(store, backend=fake.backend, track=tracker)
    runs.best("valid_accuracy").score_test()
    tracker.close()
    assert len(run_files(logs)) > len(runs)
    assert not tracker.problems
    # Closed: a later call of the same runs trains, and tells nobody.
    assert not [t for t in threading.enumerate() if t.name == "tracker"]


def test_a_destination_that_fails_costs_no_run(
    experiment: Experiment, store: Store, fake: Any, logs: Path
) -> None:
    destination = open_destination(f"tensorboard={logs}")

    def fail(*args: Any) -> None:
        raise StoreError("the disk is full")

    destination.put = fail  # type: ignore[method-assign]
    tracker = Tracker([destination])
    runs = experiment.run(store, backend=fake.backend, track=tracker)
    tracker.close()
    assert len(store.get(runs.outcomes)) == len(runs)
    (problem,) = tracker.problems
    assert "the disk is full" in problem
    assert "mlplab runs export --to tensorboard" in problem


def test_only_the_experiment_that_is_asked_for_is_exported(
    experiment: Experiment, store: Store, fake: Any, logs: Path
) -> None:
    runs = experiment.run(store, backend=fake.backend)
    other = Experiment(experiment.task, experiment.base, {"lr": [0.1]}, seeds=3, name="other")
    other.run(store, backend=fake.backend)
    kept = kept_runs(store).select(Asked(experiment="other"))
    assert export_to(kept, open_destination(f"tensorboard={logs}"), "other") == 3
    assert [folder.name.split("-")[0] for folder in logs.iterdir()] == ["other"]
    assert len(runs) > 3


def test_names_cannot_leave_their_folder(task: Task, store: Store, fake: Any, logs: Path) -> None:
    base = Run(net=MLP(hidden=4), fit=Fit(epochs=1))
    for name in ("../../out", "/etc/x", "..", "a\\..\\b", "x" * 300, "实验", "a\nb"):
        Experiment(task, base, seeds=1, name=name).run(
            store, backend=fake.backend, track=f"tensorboard={logs}"
        )
    assert len(list(logs.iterdir())) == 7
    assert {path.name for path in logs.parent.iterdir()} <= {"logs", "runs.sqlite", "store.sqlite"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mlflo", "did you mean 'mlflow'"),
        ("wandb", "expected one of mlflow, tensorboard"),
        ("tensorboard=", "expected tensorboard=PLACE"),
    ],
)
def test_a_wrong_destination_is_one_line(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        open_destination(text)


def test_a_place_that_cannot_be_used_is_one_line(tmp_path: Path, mlflow_uri: str) -> None:
    pytest.importorskip("tensorboardX")
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(StoreError, match="is no folder"):
        open_destination(f"tensorboard={file}")
    with pytest.raises(StoreError, match=r"tensorboard: .* cannot be written"):
        open_destination(f"tensorboard={file}/logs")
    with pytest.raises(StoreError, match="mlflow nowhere://x"):
        open_destination("mlflow=nowhere://x")


def test_infinities_and_gaps_are_passed_on(
    experiment: Experiment, store: Store, fake: Any, logs: Path
) -> None:
    fake.score = lambda run: math.inf if run.seed else math.nan
    experiment.run(store, backend=fake.backend, track=f"tensorboard={logs}")
    values = [scalars(path)["final/valid_accuracy"] for path in run_files(logs)]
    assert not any(math.isfinite(v) for found in values for v in found.values())
