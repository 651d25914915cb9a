"""Array jobs of a real Slurm give the bits of this process, whatever becomes of them."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import deque
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from textwrap import dedent

import pytest
from tests.engine.population import bits, ended, made_up, of
from tests.execute import made_by_users  # noqa: F401  (registers them)
from tests.execute.jobs import (
    HERE,
    KEEP,
    Blob,
    all_bits,
    check_a_mistake,
    check_frames,
    check_what_a_module_brings,
    long_population,
    mixed_population,
)
from tests.execute.slurm_node import wait_until

import mlplab as ml
from mlplab.engine import Barrier, Checkpointed, Ended, Joined, Progressed, metric, provenance
from mlplab.errors import ConfigError, WorkerError
from mlplab.execute import execute, executor_of
from mlplab.execute.local import Local
from mlplab.execute.on_slurm import commands, driver
from mlplab.execute.on_slurm.results import Results
from mlplab.execute.on_slurm.spool import JobFolder, Spool
from mlplab.execute.on_slurm.task import Stop, train_task
from mlplab.specs import MLP, SGD, Fit
from mlplab.store import leases
from mlplab.store.leases import this_process


def on_slurm(**settings):
    return executor_of(ml.Slurm(**{"time": "10", **settings}))


def there(runs, task, executor=None, **options):
    return execute(runs, task, executor=executor or on_slurm(), **options)


def scancel(*options: str) -> None:
    for name in commands.alive() or ():
        subprocess.run(["scancel", "--me", f"--name={name}", *options], check=True)


def jobs(spool: Path) -> list[Path]:
    return sorted(spool.glob("jobs/*"))


@pytest.fixture(scope="module")
def undisturbed():
    """A long population, and what comes of it when nothing happens."""
    task, runs = long_population(400)
    return task, runs, all_bits(execute(runs, task, **HERE))


def checkpointed(spool: Path) -> bool:
    return any(spool.glob("jobs/*/checkpoints/*/*"))


def test_tasks_and_this_process_agree_bit_for_bit(slurm):
    task, runs = mixed_population()
    expected = all_bits(execute(runs, task, **HERE))
    events = list(there(runs[::-1], task, on_slurm(tasks=3, cpus=2), **KEEP))
    assert all_bits(events) == expected
    assert [one.provenance for one in events if isinstance(one, Joined)] == [provenance()]
    assert isinstance(events[-1], Barrier)
    assert sum(one.run_epochs for one in events if isinstance(one, Progressed)) == pytest.approx(
        sum(one.outcome.epochs for one in events if isinstance(one, Ended))
    )
    assert not jobs(slurm), "what was merged is removed"
    assert not (slurm / "data").exists()


def test_one_that_ends_without_a_word_twice_is_given_up(slurm, monkeypatch):
    task, runs = mixed_population()
    script = "#!/bin/sh\necho out of memory\nexit 137\n"
    monkeypatch.setattr("mlplab.execute.on_slurm.commands._SCRIPT", script)
    events = there(runs, task, on_slurm(tasks=1))
    with pytest.raises(WorkerError, match=r"ended twice without a word.*log/0\.txt") as caught:
        list(events)
    assert "\n" not in str(caught.value)
    logs = [path.read_text() for path in slurm.glob("jobs/*/log/0.txt")]
    assert logs == 2 * ["out of memory\n"]


def test_a_spool_may_be_called_anything(slurm, tmp_path, monkeypatch):
    spool = tmp_path / "a 50%a 'spool'"
    monkeypatch.setattr(commands, "_SCRIPT", "#!/bin/sh\necho no memory\nexit 137\n")
    task, runs = mixed_population()
    with pytest.raises(WorkerError, match=r"spool'/jobs/.*/log/0\.txt"):
        list(there(runs, task, on_slurm(tasks=1, spool=str(spool))))
    logs = [path.read_text() for path in spool.glob("jobs/*/log/0.txt")]
    assert logs == 2 * ["no memory\n"]


@pytest.mark.parametrize("settings", [{"time": "9-0"}, {"cpus": 999}], ids=["time", "cores"])
def test_what_slurm_takes_and_never_starts_is_one_line(slurm, settings):
    task, runs = mixed_population()
    # Which of its words Slurm has for either depends on which of its passes comes first.
    never = r"would wait for ever \(Partition(TimeLimit|Config)\); ask for less"
    with pytest.raises(ConfigError, match=never):
        list(there(runs, task, on_slurm(**settings)))
    wait_until(lambda: not commands.alive())


@pytest.mark.slow
class TestLoss:
    @pytest.mark.parametrize("how", [["--signal=KILL", "--full"], []], ids=["killed", "cancelled"])
    def test_a_lost_task_is_submitted_again_and_goes_on(self, slurm, undisturbed, how):
        task, runs, expected = undisturbed
        events = there(runs, task, **KEEP)
        done, lost = {}, False
        for event in events:
            done |= ended([event])
            if not lost and checkpointed(slurm):
                scancel(*how)
                lost = True
        assert lost, "the training was over before anything could be lost"
        assert {key: bits(one) for key, one in done.items()} == expected

    def test_states_that_were_brought_are_no_progress(self, slurm, undisturbed, monkeypatch):
        task, runs, _ = undisturbed
        states = {
            event.key: Blob(event.blob)
            for event in execute(runs, task, workers=1, checkpoint_seconds=0.1)
            if isinstance(event, Checkpointed)
        }
        assert states
        monkeypatch.setattr(commands, "_SCRIPT", "#!/bin/sh\nexit 137\n")
        with pytest.raises(WorkerError, match="ended twice without a word"):
            list(there(runs, task, on_slurm(tasks=1), resume=states))

    def test_at_its_time_limit_a_task_leaves_checkpoints_and_is_queued_again(
        self, slurm, undisturbed
    ):
        task, runs, expected = undisturbed
        done, warned, queued = {}, False, set()
        for event in there(runs, task, **KEEP):
            done |= ended([event])
            if warned:
                queued |= {path.name for path in jobs(slurm)}
            elif checkpointed(slurm):
                # What Slurm sends a minute before the limit.
                scancel("--batch", "--signal=USR1")
                warned = True
        assert warned
        assert len(queued) == 1, "the same task went on; nothing was submitted anew"
        assert {key: bits(one) for key, one in done.items()} == expected

    def test_the_real_limit_of_a_minute(self, slurm):
        task, runs = long_population(7000)
        expected = all_bits(execute(runs, task, workers=2, **KEEP))
        assert all_bits(there(runs, task, on_slurm(time="1"), **KEEP)) == expected


class TestDriver:
    @pytest.mark.slow
    def test_one_that_is_closed_cancels_and_the_next_goes_on(self, slurm, undisturbed):
        task, runs, expected = undisturbed
        events = there(runs, task, **KEEP)
        for _ in events:
            if checkpointed(slurm):
                break
        events.close()
        wait_until(lambda: not commands.alive())
        assert checkpointed(slurm)
        again = list(there(runs, task, **KEEP))
        assert all_bits(again) == expected
        epochs = sum(one.run_epochs for one in again if isinstance(one, Progressed))
        assert epochs < sum(run.fit.epochs for run in runs), "it went on from checkpoints"
        assert not jobs(slurm)

    @pytest.mark.slow
    def test_one_that_is_killed_leaves_the_tasks_and_the_next_merges(
        self, slurm, undisturbed, tmp_path
    ):
        task, runs, expected = undisturbed
        script = tmp_path / "drive.py"
        script.write_text(dedent("""
            import mlplab as ml
            from mlplab.execute import execute, executor_of
            from tests.execute.jobs import KEEP, long_population
            task, runs = long_population(400)
            for event in execute(runs, task, executor=executor_of(ml.Slurm(time="10")), **KEEP):
                pass
        """))  # fmt: skip
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        driver = subprocess.Popen([sys.executable, script], env=environment)
        wait_until(lambda: checkpointed(slurm), 120)
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        assert commands.alive()
        submitted = jobs(slurm)
        queued = set()
        done = {}
        for event in there(runs, task, **KEEP):
            done |= ended([event])
            queued |= set(jobs(slurm))
        assert queued == set(submitted), "what was in the queue was waited for"
        assert {key: bits(one) for key, one in done.items()} == expected

    def test_what_others_have_not_merged_yet_stays(self, slurm):
        task, runs = mixed_population()
        first = there(runs, task, on_slurm(tasks=1))
        for event in first:
            if isinstance(event, Ended):
                break
        half = runs[: len(runs) // 2]
        wait_until(lambda: not commands.alive())
        assert len(ended(there(half, task))) == len(half)
        left = {key for job in Spool().jobs() for part in job.results() for key in part.keys}
        assert left == {run.key for run in runs}
        # Told that the others are kept, it clears up.
        assert len(ended(there(half, task, kept=lambda keys: keys))) == len(half)
        assert not jobs(slurm)
        first.close()

    def test_damaged_results_are_trained_again(self, slurm):
        task, runs = mixed_population()
        expected = all_bits(execute(runs, task, **HERE))
        events = there(runs, task, **KEEP)
        wait_until(lambda: next(events, None) is not None and any(slurm.glob("jobs/*/done/*")))
        for path in slurm.glob("jobs/*/results/*"):
            path.write_bytes(path.read_bytes()[:-100])
        assert all_bits(there(runs, task, **KEEP)) == expected
        events.close()


class TestUsers:
    def test_what_a_module_brings_is_imported_there(self, slurm):
        check_what_a_module_brings(there)

    def test_what_only_this_process_has_is_refused(self, slurm):
        metric("here_only")(lambda targets, outputs: 0.0)
        task = made_up(n=90, features=5, valid=0.2)
        runs = [of(task, fit=Fit(epochs=1, batch_size=16, measures=("here_only",)))]
        with pytest.raises(ConfigError, match="on slurm: your own functions must stand at the top"):
            list(there(runs, task))
        assert not jobs(slurm)

    def test_a_mistake_is_the_line_it_is_here(self, slurm):
        check_a_mistake(there, net=MLP(hidden=(7,), init="users-wrong"))


class TestExperiment:
    def test_frames_are_equal_and_the_store_answers_again(self, slurm, tmp_path):
        check_frames("slurm", tmp_path / "s.sqlite")


@pytest.fixture
def pretended(tmp_path, monkeypatch):
    """Give the names of jobs that are submitted to a Slurm that trains them at once."""
    submitted = []

    def submit(script, n_tasks, *settings):
        submitted.append(script.parent.name)
        for number in range(n_tasks):
            train_task(JobFolder(script.parent), number, lambda: False)

    monkeypatch.setenv("MLPLAB_SPOOL", str(tmp_path / "spool"))
    for name, value in {
        "check_slurm": lambda: None,
        "submit": submit,
        "alive": dict,
        "cancel": lambda names: None,
        "QUEUE_SECONDS": 0.0,
        "SETTLE_SECONDS": 0.1,
        "BARRIER_SECONDS": 0.0,
    }.items():
        monkeypatch.setattr(driver, name, value)
    return submitted


class TestSubmitting:
    @pytest.mark.parametrize("problem", [KeyboardInterrupt(), ConfigError("no answer in 60 s")])
    def test_what_is_not_known_to_be_submitted_is_cancelled(self, pretended, monkeypatch, problem):
        def submit(script, *settings):
            pretended.append(script.parent.name)
            raise problem

        cancelled = []
        monkeypatch.setattr(driver, "submit", submit)
        monkeypatch.setattr(driver, "cancel", cancelled.extend)
        task, runs = mixed_population()
        with pytest.raises(type(problem)):
            list(there(runs, task))
        assert cancelled == pretended
        assert not Spool().jobs()

    def test_a_driver_that_ends_meanwhile_leaves_the_data(self, pretended, monkeypatch):
        share = Spool.share

        def share_slowly(spool, task):
            handle = share(spool, task)
            Spool().clear_data()
            return handle

        monkeypatch.setattr(Spool, "share", share_slowly)
        task, runs = mixed_population()
        assert len(ended(there(runs, task))) == len(runs)

    def test_a_full_disk_is_one_line_and_leaves_no_job(self, pretended, monkeypatch):
        def full(path, page):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

        monkeypatch.setattr("mlplab.execute.on_slurm.spool.write_json", full)
        task, runs = mixed_population()
        with pytest.raises(WorkerError, match=r"spool: .* \(No space left on device\); name a "):
            list(there(runs, task))
        assert not Spool().jobs()

    def test_what_a_killed_driver_never_submitted_does_not_keep_the_data(self, pretended):
        old, new = (Spool().new_job().folder for _ in range(2))
        os.utime(old, (0, 0))
        Spool().clear_data()
        assert not old.exists()
        assert new.exists()


class TestTakingOver:
    def test_a_task_that_ends_as_the_queue_is_asked_is_not_trained_again(
        self, pretended, monkeypatch
    ):
        task, runs = mixed_population()
        started = []
        monkeypatch.setattr(driver, "submit", lambda script, *_: started.append(script.parent))
        monkeypatch.setattr(driver, "alive", lambda: {started[0].name: {0: "None"}})
        with monkeypatch.context() as patch:
            patch.setattr(driver.time, "sleep", _die)
            with pytest.raises(_Killed):
                list(there(runs, task, on_slurm(tasks=1)))

        def end():
            train_task(JobFolder(started[0]), 0, lambda: False)
            return {}

        monkeypatch.setattr(driver, "alive", end)
        assert len(ended(there(runs, task))) == len(runs)
        assert len(started) == 1

    @pytest.mark.parametrize(
        ("name", "page"),
        [
            ("progress/0.json", '{"instance": "a"}'),
            ("progress/0.json", '{"instance": "a", "run_epochs": null}'),
            ("runs/0.json", "{}"),
            ("runs/0.json", '{"keys": 3}'),
            ("job.json", None),
            ("results/folder", None),
        ],
    )
    def test_what_is_none_of_ours_counts_as_not_there(self, pretended, name, page):
        task, runs = mixed_population()
        one = there(runs, task, on_slurm(tasks=1))
        next(event for event in one if isinstance(event, Ended))
        one.close()
        (path,) = Spool().folder.glob("jobs/*")
        if page:
            (path / name).write_text(page)
        elif name == "job.json":
            terms = json.loads((path / name).read_text())
            (path / name).write_text(json.dumps(terms | {"keep_weights": None}))
        else:
            (path / name).mkdir()
        assert len(ended(there(runs, task))) == len(runs)

    def test_checkpoints_of_other_runs_stay_for_their_driver(self, pretended):
        task, runs = mixed_population()
        one = there(runs, task, on_slurm(tasks=1))
        next(event for event in one if isinstance(event, Ended))
        one.close()
        (folder,) = Spool().jobs()
        for path in folder.folder.glob("results/*"):
            path.unlink()
        state = folder.state_path(runs[-1].key, "another")
        state.parent.mkdir()
        state.write_bytes(b"a state")
        assert len(ended(there(runs[:-1], task))) == len(runs) - 1
        assert state.exists()
        assert len(ended(there(runs[:-1], task, kept=lambda keys: keys))) == len(runs) - 1
        assert not Spool().jobs()

    def test_a_damaged_checkpoint_counts_as_none(self, pretended):
        task, runs = mixed_population()
        expected = all_bits(execute(runs, task, **HERE))
        one = there(runs, task, on_slurm(tasks=1), **KEEP)
        next(event for event in one if isinstance(event, Ended))
        one.close()
        (folder,) = Spool().jobs()
        for path in folder.folder.glob("results/*"):
            path.unlink()
        state = folder.state_path(runs[-1].key, provenance().id)
        state.parent.mkdir()
        state.write_bytes(b"")
        assert all_bits(there(runs, task, **KEEP)) == expected

    def test_a_checkpoint_that_goes_as_it_is_brought_is_none(self, pretended, monkeypatch):
        gone = [Path("checkpoints/origin/key")]
        monkeypatch.setattr(JobFolder, "states", lambda *_: gone)
        task, runs = mixed_population()
        one = there(runs, task, on_slurm(tasks=1))
        next(event for event in one if isinstance(event, Ended))
        one.close()
        for path in Spool().folder.glob("jobs/*/results/*"):
            path.unlink()
        assert len(ended(there(runs, task))) == len(runs)


class TestStop:
    @pytest.fixture
    def hears(self):
        """A stop that hears this process's signals."""
        before = {number: signal.getsignal(number) for number in (signal.SIGUSR1, signal.SIGTERM)}
        yield Stop()
        for number, handler in before.items():
            signal.signal(number, handler)

    @pytest.mark.parametrize(
        ("signals", "goes_on"),
        [
            ([], False),
            ([signal.SIGUSR1], True),
            ([signal.SIGTERM], False),
            ([signal.SIGUSR1, signal.SIGTERM], False),
        ],
        ids=["none", "at its limit", "cancelled", "cancelled in its last minute"],
    )
    def test_what_is_cancelled_does_not_come_back(self, hears, signals, goes_on):
        for number in signals:
            signal.raise_signal(number)
        assert (hears(), hears.goes_on) == (bool(signals), goes_on)

    def test_one_that_is_cancelled_before_its_first_step_has_not_failed(
        self, hears, pretended, monkeypatch
    ):
        comes_back = []

        def submit(script, *settings):
            for number in (signal.SIGUSR1, signal.SIGTERM):
                signal.raise_signal(number)
            comes_back.append(train_task(JobFolder(script.parent), 0, hears))
            raise _Killed

        monkeypatch.setattr(driver, "submit", submit)
        monkeypatch.setattr(Local, "train", lambda *_: iter(()))
        task, runs = mixed_population()
        with pytest.raises(_Killed):
            list(there(runs, task, on_slurm(tasks=1)))
        assert comes_back == [False]


class _Killed(Exception):
    """Of a driver that had not the time to clean up."""


def _die(seconds: float) -> None:
    raise _Killed


class TestTwoStores:
    """Drivers whose stores know nothing of each other, and that wait for the same tasks."""

    def test_both_get_the_runs_and_one_trains_them(self, pretended):
        task, runs = mixed_population()
        one, other = (there(runs, task, on_slurm(tasks=1)) for _ in range(2))
        first = [next(event for event in one if isinstance(event, Ended))]
        second = list(islice((e for e in other if isinstance(e, Ended)), len(runs)))
        # It puts the files aside, and clears up, before the other has seen to them.
        first += one
        second += other
        assert len(ended(first)) == len(ended(second)) == len(runs)
        assert len(pretended) == 1

    def test_what_one_has_put_aside_comes_to_the_other(self, pretended):
        task, runs = mixed_population()
        one = there(runs, task, on_slurm(tasks=1))
        next(event for event in one if isinstance(event, Ended))
        (folder,) = Spool().jobs()
        for path in folder.folder.glob("results/*"):
            folder.mark_merged(path)
        assert len(ended(there(runs, task))) == len(runs)
        assert len(pretended) == 1
        one.close()

    def test_one_that_has_cleared_up_leaves_the_other_to_train_again(self, pretended):
        task, runs = mixed_population()
        one = there(runs, task, on_slurm(tasks=1))
        events = [next(event for event in one if isinstance(event, Ended))]
        shutil.rmtree(Spool().folder / "jobs" / pretended[0])
        events += one
        assert len(ended(events)) == len(runs)


class TestDrivers:
    """Of one job: who submitted it, and who found it."""

    @pytest.fixture
    def cancelled(self, monkeypatch):
        names: list[str] = []
        monkeypatch.setattr(driver, "cancel", names.extend)
        return names

    @pytest.mark.parametrize("lives", [True, False])
    def test_tasks_are_taken_back_unless_another_driver_waits(self, pretended, cancelled, lives):
        task, runs = mixed_population()
        one = there(runs, task, on_slurm(tasks=1))
        next(event for event in one if isinstance(event, Ended))
        (folder,) = Spool().jobs()
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
            who = replace(this_process(), pid=other.pid, started=leases._started(other.pid))
            if not lives:
                other.communicate()
            (folder.folder / "driver.json").write_text(json.dumps(asdict(who)))
            one.close()
            assert cancelled == ([] if lives else [folder.name])
            other.communicate()

    def test_a_folder_that_has_gone_is_not_made_again(self, tmp_path):
        folder = JobFolder(tmp_path / "job")
        with pytest.raises(FileNotFoundError):
            folder.take()
        assert not folder.folder.exists()

    def test_a_damaged_note_of_the_driver_is_none(self, tmp_path):
        (tmp_path / "driver.json").write_text('{"host": 3}')
        assert JobFolder(tmp_path).take()
        assert JobFolder(tmp_path).take()


class TestWithoutSlurm:
    def test_a_machine_without_it_is_one_line(self, monkeypatch, tmp_path):
        monkeypatch.setenv("PATH", str(tmp_path))
        task, runs = mixed_population()
        with pytest.raises(ConfigError, match="on slurm: there is no sbatch here; use a machine"):
            list(there(runs, task))

    def test_a_spool_that_cannot_be_written_is_one_line(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(WorkerError, match=r"spool: .* cannot be written \(Not a directory\)"):
            Spool(str(tmp_path / "file" / "spool"))

    @pytest.mark.parametrize("place", ["~nobody-of-that-name/spool", "a\0b"])
    def test_a_spool_that_can_be_nowhere_is_one_line(self, place):
        with pytest.raises(ConfigError, match=r"spool: no path can be '.*' \("):
            Spool(place)

    def test_jobs_of_any_name_are_read_past(self, tmp_path, monkeypatch):
        squeue = tmp_path / "squeue"
        squeue.write_text(
            "#!/bin/sh\nprintf 'caf\\351 N/A None\\nmlplab-a 0 None\\nmlplab-a 7 Not yet\\n'\n"
        )
        squeue.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        assert commands.alive() == {"mlplab-a": {0: "None", 7: "Not yet"}}

    def test_runs_come_back_with_their_keys(self, tmp_path):
        task, runs = mixed_population()
        runs += [
            of(task, rows={"kind": "own", "n": 30}, optim=ml.Lion(), fit=Fit(epochs=2), seed=9),
            of(task, optim=SGD(lr=1e-17, schedule="cosine:0.1"), fit=Fit(epochs=2)),
        ]
        spool = Spool(str(tmp_path))
        terms = {"content": "c", "task": {}, "cores": 1, "device": "cpu", "keep_weights": False}
        from mlplab.execute.on_slurm.spool import Terms

        made = Terms(**terms, keep_correct=False, checkpoint_seconds=1.0, modules=[])
        spool.new_job().fill(made, [runs[:7], runs[7:]])
        (same,) = Spool(str(tmp_path)).jobs()
        assert same.terms == made
        for number, some in enumerate((runs[:7], runs[7:])):
            assert {run.key for run in same.runs(number)} == {run.key for run in some}
            assert set(same.keys[number]) == {run.key for run in some}
            assert set(same.runs(number)) == set(some)

    def test_results_come_back_to_the_bit(self, tmp_path):
        from mlplab.execute.on_slurm.results import write_results

        task, runs = mixed_population()
        done = list(ended(execute(runs, task, **HERE)).values())
        write_results(tmp_path / "0-a-0", done, provenance())
        back = Results(tmp_path / "0-a-0")
        assert back.provenance == provenance()
        assert back.keys == tuple(one.outcome.key for one in done)
        assert [bits(one) for one in back] == [bits(one) for one in done]

    @pytest.mark.parametrize("damage", [b"", b"no file of ours", None])
    def test_a_damaged_file_is_no_result(self, tmp_path, damage):
        from mlplab.execute.on_slurm.results import write_results

        path = tmp_path / "0-a-0"
        if damage is None:
            task, runs = mixed_population()
            write_results(path, list(ended(execute(runs, task, **HERE)).values()), provenance())
            damage = path.read_bytes()[:-8]
        path.write_bytes(damage)
        with pytest.raises(ValueError, match=r"damaged|no file"):
            deque(Results(path), maxlen=0)
