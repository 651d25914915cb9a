"""Whatever fails under a sweep, nothing finished is lost, and the frame is the same in the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlplab as ml
from mlplab.errors import StoreError
from mlplab.store import Store, database
from mlplab.store.failures import FullError

SCRIPTS = Path(__file__).parents[1] / "postgres"


def sweep(n_seeds: int = 8) -> ml.Experiment:
    """A few dozen runs, of a second or two in all."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 20))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    return ml.Experiment(
        ml.task_from_arrays(X, y, valid=0.2),
        ml.Run(net=ml.MLP(hidden=(32,)), fit=ml.Fit(epochs=40, batch_size=16)),
        # Compiled loops train one half, stacks the other.
        vary={"lr": [0.05, 0.1], "norm": ["none", "layer"]},
        seeds=n_seeds,
    )


def frame(runs: ml.experiment.Runs) -> pd.DataFrame:
    return runs.frame()


@pytest.fixture(scope="module")
def undisturbed() -> pd.DataFrame:
    return frame(sweep().run(":memory:", workers=1, progress=False))


class Once:
    """Does something when the first run has ended."""

    def __init__(self, work) -> None:
        self.work, self.done = work, False

    def __call__(self, progress) -> None:
        if progress.n_done and not self.done:
            self.done = True
            self.work()


def finished(place: object) -> int:
    with Store(place) as store:  # type: ignore[arg-type]
        return len(store.get([run.key for run in sweep().runs()]))


def test_a_disk_that_fills_up(small_disk, undisturbed):
    place, ballast = small_disk / "runs.sqlite", small_disk / "ballast"

    def fill() -> None:
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass

    with pytest.raises(FullError) as caught:
        sweep().run(place, workers=1, keep_weights=True, progress=Once(fill))
    assert "\n" not in str(caught.value)
    ballast.unlink()
    kept = finished(place)
    runs = sweep().run(place, workers=1, keep_weights=True, progress=False)
    assert runs.from_store >= kept
    pd.testing.assert_frame_equal(frame(runs), undisturbed)


@pytest.mark.parametrize("seconds", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_a_store_that_another_holds_for_a_while(tmp_path, undisturbed, seconds):
    place, threads = tmp_path / "runs.sqlite", []

    def hold() -> None:
        locked = threading.Event()

        def other() -> None:
            with contextlib.closing(sqlite3.connect(place, timeout=60)) as connection:
                connection.isolation_level = None
                connection.execute("BEGIN IMMEDIATE")
                locked.set()
                time.sleep(seconds)
                connection.execute("ROLLBACK")

        threads.append(threading.Thread(target=other))
        threads[0].start()
        assert locked.wait(60)

    runs = sweep().run(place, workers=1, progress=Once(hold))
    threads[0].join()
    pd.testing.assert_frame_equal(frame(runs), undisturbed)
    assert finished(place) == len(runs)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_store_that_was_cut_short_is_refused_and_left_as_it_is(tmp_path, share):
    place = tmp_path / "runs.sqlite"
    sweep().run(place, workers=1, progress=False)
    whole = place.read_bytes()
    place.write_bytes(whole[: int(share * len(whole))])
    left = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(StoreError, match="damaged") as caught:
        sweep().run(place, workers=1, progress=False)
    assert "\n" not in str(caught.value)
    assert {name: (tmp_path / name).read_bytes() for name in left} == left


def test_a_clock_that_jumps_back(tmp_path, undisturbed, monkeypatch):
    real, back = time.time, 0.0
    monkeypatch.setattr(time, "time", lambda: real() - back)

    def jump() -> None:
        nonlocal back
        back = 3600.0

    place = tmp_path / "runs.sqlite"
    runs = sweep().run(place, workers=1, progress=Once(jump))
    assert back
    pd.testing.assert_frame_equal(frame(runs), undisturbed)
    again = sweep().run(place, workers=1, progress=False)
    assert again.from_store == len(again)


@pytest.fixture
def postgres() -> Iterator[tuple[str, Path]]:
    """A PostgreSQL of its own, and its folder."""
    if os.getuid() or not list(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")):
        pytest.skip("a PostgreSQL of its own needs root, and Debian's postgresql")
    pytest.importorskip("psycopg", exc_type=ImportError)
    folder = Path(tempfile.mkdtemp(prefix="mlplab-postgres-", dir="/tmp"))
    folder.chmod(0o755)
    started = subprocess.run(
        [SCRIPTS / "start.sh", folder], capture_output=True, text=True, check=True, timeout=60
    )
    try:
        yield started.stdout.strip(), folder
    finally:
        subprocess.run([SCRIPTS / "stop.sh", folder], check=False, timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_server_that_is_started_again(postgres, undisturbed):
    place, folder = postgres
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))

    def restart() -> None:
        restart = f"{programs}/pg_ctl --pgdata={folder}/data --mode=immediate --silent restart"
        command = f"{restart} --log={folder}/data/log"
        restarting = ["su", "-s", "/bin/bash", "postgres", "-c", command]
        subprocess.run(restarting, check=True, timeout=60, stdout=subprocess.DEVNULL)

    runs = sweep().run(place, workers=1, progress=Once(restart))
    pd.testing.assert_frame_equal(frame(runs), undisturbed)
    assert finished(place) == len(runs)


def test_a_server_that_stays_away_is_one_line_and_what_was_finished_is_kept(
    postgres, undisturbed, monkeypatch
):
    place, folder = postgres
    monkeypatch.setattr(database, "PATIENCE_SECONDS", 1.0)

    def stop() -> None:
        subprocess.run([SCRIPTS / "stop.sh", folder], check=True, timeout=60)

    with pytest.raises(StoreError) as caught:
        sweep().run(place, workers=1, progress=Once(stop))
    assert "\n" not in str(caught.value)
    data = folder / "data"
    options = (data / "postmaster.opts").read_text().split(maxsplit=1)[1].replace('"', "")
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
    command = (
        f"{programs}/pg_ctl --pgdata={data} --wait --silent --log={data}/log -o '{options}' start"
    )
    subprocess.run(["su", "-s", "/bin/bash", "postgres", "-c", command], check=True, timeout=60)
    kept = finished(place)
    runs = sweep().run(place, workers=1, progress=False)
    assert runs.from_store >= kept
    pd.testing.assert_frame_equal(frame(runs), undisturbed)
