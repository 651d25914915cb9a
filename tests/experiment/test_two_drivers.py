"""Two drivers on one sweep train each run once, and come to the frame of one alone, to the bit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mlplab.data import Task
from mlplab.engine.events import Checkpointed, Event
from mlplab.errors import Interrupted
from mlplab.experiment import Experiment, Progress, work
from mlplab.specs.columns import Keys
from mlplab.store import Store, leases
from mlplab.store.leases import Driver, Process

LIMIT_SECONDS = 60.0

# Drivers are forked from a process that has loaded everything; none of them is waited for there,
# so that a killed one stays listed, as it may under a shell.
NURSERY = """
import hashlib, json, os, sys, time, traceback
import pandas as pd
import mlplab as ml
import mlplab.engine.lane, mlplab.engine.native.lane, mlplab.execute, mlplab.store.store
import mlplab.experiment.work as work, mlplab.store.leases as leases
from mlplab.engine.events import Checkpointed, Ended, Progressed
from mlplab.experiment.backend import Backend, this_machine
from mlplab.specs import TaskRef

leases.BEAT_SECONDS = work.SECONDS_BETWEEN = work._SECONDS_ASKED = 0.05
work.SECONDS_WORTH = 0.0
here = this_machine()


def experiment(which):
    task = TaskRef(name="digits", valid=0.1)
    if which == "long":
        net, fit = ml.MLP(hidden=(32,)), ml.Fit(epochs=1500, batch_size=8)
        return ml.Experiment(task, ml.Run(net=net, fit=fit), seeds=1)
    return ml.Experiment(
        task,
        ml.Run(net=ml.MLP(hidden=(24,)), fit=ml.Fit(epochs=20, batch_size=32)),
        # Compiled loops train those without a norm, stacks the others.
        vary={"lr": [0.05, 0.1], "norm": ["none", "layer"]},
        seeds=3,
    )


def drive(which, store, holds):
    said = {"trained": 0, "resumed": 0, "made": 0.0}

    def execute(*args, stop, resume, **settings):
        nonlocal holds
        said["resumed"] += sum(state.epoch for state in resume.values())
        events = here.execute(*args, stop=stop, resume=resume, checkpoint_seconds=0.5, **settings)
        for event in events:
            said["trained"] += isinstance(event, Ended)
            said["made"] += event.run_epochs if isinstance(event, Progressed) else 0.0
            yield event
            # Until somebody wishes for runs, and for ever where it is to be killed.
            end = time.monotonic() + 50
            while holds == "wish" and said["made"] >= 5:
                time.sleep(0.01)
                if stop() or time.monotonic() > end:
                    holds = ""
            while holds == "kill" and isinstance(event, Checkpointed) and event.epoch:
                time.sleep(1)

    backend = Backend(execute, here.provenance, here.plan_cost, here.predict)
    frame = experiment(which).run(store, workers=1, progress=False, backend=backend).frame()
    frame = frame[[name for name in frame.columns if name != "seconds"]]
    rows = pd.util.hash_pandas_object(frame).to_numpy().tobytes()
    return said | {"frame": hashlib.sha256(rows).hexdigest(), "rows": len(frame)}


for line in sys.stdin:
    folder, store, name, which, holds = line.split()
    child = os.fork()
    if child:
        print(child, flush=True)
        continue
    try:
        said = drive(which, store, holds)
    except BaseException:
        said = {"error": traceback.format_exc()}
    with open(os.path.join(folder, name + ".part"), "w") as file:
        json.dump(said, file)
    os.replace(file.name, os.path.join(folder, name + ".json"))
    os._exit(0)
"""


class Nursery:
    """Starts drivers, and reads what they have done."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, store: str) -> None:
        self._process, self.folder, self.store = process, folder, store

    def start(self, name: str, which: str = "sweep", holds: str = "nothing") -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        store = self.folder / "alone.sqlite" if name == "alone" else self.store
        self._process.stdin.write(f"{self.folder} {store} {name} {which} {holds}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def said(self, name: str) -> dict[str, Any]:
        file = self.folder / f"{name}.json"
        until(file.exists)
        said: dict[str, Any] = json.loads(file.read_text())
        assert "error" not in said, said["error"]
        return said

    def alone(self, which: str = "sweep") -> dict[str, Any]:
        self.start("alone", which)
        return self.said("alone")


def until(holds: Callable[[], Any]) -> None:
    end = time.monotonic() + LIMIT_SECONDS
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def program() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


@pytest.fixture
def nursery(program: subprocess.Popen[str], tmp_path: Path, place: str) -> Nursery:
    return Nursery(program, tmp_path, place)


def drivers(store: str) -> int:
    """How many there are."""
    with Store(store) as opened:
        return len(opened._database.read(leases._rows))


def test_two_that_start_together_train_each_run_once(nursery: Nursery) -> None:
    for name in ("one", "other"):
        nursery.start(name)
    one, other, alone = nursery.said("one"), nursery.said("other"), nursery.alone()
    assert one["trained"] + other["trained"] == alone["trained"] == 12
    assert one["frame"] == other["frame"] == alone["frame"]
    assert drivers(nursery.store) == 0


def test_one_that_comes_later_gets_a_part_in_the_middle_of_runs(nursery: Nursery) -> None:
    nursery.start("one", holds="wish")
    until(lambda: drivers(nursery.store) == 1)
    nursery.start("other")
    one, other, alone = nursery.said("one"), nursery.said("other"), nursery.alone()
    assert one["trained"] + other["trained"] == 12
    assert other["trained"] > 0
    assert one["frame"] == other["frame"] == alone["frame"]


def test_one_that_waits_takes_over_from_one_that_is_killed(nursery: Nursery) -> None:
    killed = nursery.start("one", "long", holds="kill")
    (key,) = [run.key for run in long().runs()]
    until(lambda: drivers(nursery.store) == 1)
    nursery.start("other", "long")
    until(lambda: drivers(nursery.store) == 2)
    with Store(nursery.store) as store:
        (provenance,) = until_some(store.provenances)
        until(lambda: store.with_checkpoints([key], provenance))
    os.kill(killed, signal.SIGKILL)
    other, alone = nursery.said("other"), nursery.alone("long")
    assert (other["trained"], other["frame"]) == (1, alone["frame"])
    assert other["resumed"] > 0, "it began anew"
    assert drivers(nursery.store) == 0


def long() -> Experiment:
    names: dict[str, Any] = {}
    exec(NURSERY.partition("\n\n\ndef drive")[0], names)
    made: Experiment = names["experiment"]("long")
    return made


def until_some(ask: Callable[[], Any]) -> Any:
    until(ask)
    return ask()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs.sqlite")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beats and looks without waiting."""
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(work, "SECONDS_BETWEEN", 0.01)
    monkeypatch.setattr(work, "_SECONDS_ASKED", 0.0)


def far_driver(store: Store, keys: Keys, clock: Callable[[], float] = time.monotonic) -> Driver:
    driver = Driver(store._database, clock=clock, process=Process("far", "b", 1, 2), beats=False)
    driver.hold(keys)
    return driver


@pytest.mark.usefixtures("quick")
def test_half_of_each_arm_goes_to_who_wishes(
    experiment: Experiment, store: Store, make_fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "SECONDS_WORTH", 0.0)
    first, second, halted = make_fake(), make_fake(), threading.Event()
    train = first.execute

    def execute(runs: Any, task: Task, **settings: Any) -> Generator[Event]:
        if first.calls:
            yield from train(runs, task, **settings)
            return
        yield from train(list(runs)[:4], task, **settings)
        halted.set()
        until(settings["stop"])
        for run in list(runs)[4:]:
            yield Checkpointed(run.key, 1, 10, b"half")

    first.execute = execute
    frames: dict[str, pd.DataFrame] = {}

    def drive(name: str, fake: Any) -> None:
        with Store(store.url) as own:
            frames[name] = experiment.run(own, backend=fake.backend, progress=False).frame()

    one = threading.Thread(target=drive, args=("first", first))
    one.start()
    assert halted.wait(LIMIT_SECONDS)
    drive("second", second)
    one.join(LIMIT_SECONDS)
    rates = [run.optim.lr for run in second.trained]
    assert rates == [0.2, 0.2, 0.3, 0.3]
    keys = [run.key for fake in (first, second) for run in fake.trained]
    assert sorted(keys) == sorted(cell.key for cell in experiment.cells())
    assert len(second.calls[0]["resume"]) == 4
    whole = experiment.run(":memory:", backend=make_fake().backend).frame()
    for frame in frames.values():
        pd.testing.assert_frame_equal(frame, whole)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("left", ["one run", "little"])
def test_what_is_hardly_left_is_not_stopped_for_a_wish(
    experiment: Experiment, store: Store, fake: Any, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    monkeypatch.setattr(work, "SECONDS_WORTH", 0.0 if left == "one run" else 1e9)
    keys = experiment.runs().keys
    train, asked = fake.execute, []

    def execute(runs: Any, task: Task, **settings: Any) -> Generator[Event]:
        yield from train(list(runs)[:-1], task, **settings)
        other = far_driver(store, keys)
        other.wish(keys, other.hold(keys).holders)
        until(lambda: any(driver.wished for driver in made))
        asked.append(settings["stop"]())
        yield from train(list(runs)[-1:], task, **settings)

    made: list[Any] = []
    driver = store.driver
    monkeypatch.setattr(store, "driver", lambda: made.append(driver()) or made[-1])
    fake.execute = execute
    assert len(experiment.run(store, backend=fake.backend, progress=False)) == 12
    assert asked == [False]


@pytest.mark.usefixtures("quick")
def test_a_driver_of_another_host_is_waited_for_while_it_beats(
    experiment: Experiment, store: Store, fake: Any, make_fake: Any
) -> None:
    runs = experiment.runs()
    far = far_driver(store, runs.keys[:8])
    reports: list[Progress] = []

    def report(progress: Progress) -> None:
        reports.append(progress)
        if len(fake.trained) < 4:
            return
        if progress.n_done == 4:
            store.put([make_fake().outcome(run, experiment.data) for run in list(runs)[:7]])
        elif progress.n_done == 11:
            far.close()

    results = experiment.run(store, backend=fake.backend, progress=report)
    assert [run.key for run in fake.trained] == [*runs.keys[8:], runs.keys[7]]
    assert 11 in [progress.n_done for progress in reports], "runs that others finish count"
    assert (reports[-1].n_done, results.from_store) == (12, 0)
    assert reports[-1].run_epochs <= reports[-1].run_epochs_total == 24


@pytest.mark.usefixtures("quick")
def test_a_driver_of_another_host_that_stands_still_is_taken_over(
    experiment: Experiment, store: Store, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 10.0
        return now[0]

    monkeypatch.setattr(store, "driver", lambda: Driver(store._database, clock=clock, beats=False))
    far_driver(store, experiment.runs().keys)
    assert len(experiment.run(store, backend=fake.backend, progress=False)) == 12
    assert now[0] > leases.DEAD_SECONDS
    assert len(fake.trained) == 12


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_however_it_ends_the_leases_are_given_back(
    experiment: Experiment, store: Store, fake: Any, error: type[BaseException]
) -> None:
    fake.stop_after, fake.stop_with = 5, error
    with pytest.raises(Interrupted if error is KeyboardInterrupt else error):
        experiment.run(store, backend=fake.backend)
    assert store._database.read(leases._rows) == []


@pytest.mark.usefixtures("quick")
def test_an_interrupt_while_waiting_keeps_nothing_held(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    far = far_driver(store, experiment.runs().keys)

    def report(progress: Progress) -> None:
        if len(store._database.read(leases._rows)) == 2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="0 of 12 runs"):
        experiment.run(store, backend=fake.backend, progress=report)
    assert [row.id for row in store._database.read(leases._rows)] == [far._id]


@pytest.mark.usefixtures("quick")
def test_runs_trained_again_for_their_weights_are_leased_too(
    experiment: Experiment, store: Store, fake: Any, make_fake: Any
) -> None:
    experiment.run(store, backend=make_fake().backend)
    keys = experiment.runs().keys
    far = far_driver(store, keys[:3])

    def report(progress: Progress) -> None:
        if len(fake.trained) == 9:
            far.close()

    experiment.run(store, backend=fake.backend, keep_weights=True, progress=report)
    assert [run.key for run in fake.trained] == [*keys[3:], *keys[:3]]
    assert len(store.with_weights(keys)) == 12


@pytest.mark.usefixtures("quick")
def test_who_was_taken_for_dead_stops_and_takes_part_again(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    train = fake.execute

    def execute(runs: Any, task: Task, **settings: Any) -> Generator[Event]:
        if fake.calls:
            yield from train(runs, task, **settings)
            return
        yield from train(list(runs)[:4], task, **settings)
        ids = [row.id for row in store._database.read(leases._rows)]
        store._database.write(lambda c: leases._bury(c, ids))
        until(settings["stop"])

    fake.execute = execute
    assert len(experiment.run(store, backend=fake.backend, progress=False)) == 12
    assert len({run.key for run in fake.trained}) == len(fake.trained) == 12
