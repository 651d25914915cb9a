"""Programs on a real Ray give the bits of this process, whatever becomes of them."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections import deque
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
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
    killing_all,
    long_population,
    mixed_population,
)
from tests.execute.slurm_node import wait_until

import mlplab as ml
from mlplab.bench.process_memory import family
from mlplab.cli import program
from mlplab.cli.exit_status import leave_at_once
from mlplab.engine import Checkpointed, Ended, Joined, Progressed, metric, provenance
from mlplab.errors import ConfigError, WorkerError
from mlplab.execute import execute, executor_of
from mlplab.execute.on_ray import connect, driver
from mlplab.specs import MLP, Fit

LISTENS = "0A"


def on_ray(workers=None, **settings):
    return executor_of(ml.Ray(**settings), workers=workers)


def there(runs, task, executor=None, **options):
    return execute(runs, task, executor=executor or on_ray(), **options)


def named(*words: str) -> set[int]:
    """Return the processes below this one that are called so."""
    found = set()
    for pid in family(os.getpid())[1:]:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if any(word.encode() in command for word in words):
            found.add(pid)
    return found


def training() -> set[int]:
    return named("ray::train_chunk")


def servers() -> set[int]:
    return named("gcs_server", "raylet/raylet")


@pytest.fixture(scope="module")
def ray():
    """Start a Ray of two cores, by a first job, in a process that has imported Ray before."""
    ray = pytest.importorskip("ray", exc_type=ImportError)
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("looks at processes in /proc")
    if ray.is_initialized():
        pytest.skip("a Ray is connected already")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("RAY_ADDRESS", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
            patch.delenv(name, raising=False)
        patch.setenv("MLPLAB_WORKERS", "2")
        task, runs = mixed_population()
        deque(there(runs[:1], task), maxlen=0)
        yield ray
    ray.shutdown()
    wait_until(lambda: not named("gcs_server", "raylet", "ray::"))


@pytest.fixture(scope="module")
def undisturbed():
    """A long population, and what comes of it when nothing happens."""
    task, runs = long_population(100)
    return task, runs, all_bits(execute(runs, task, **HERE))


@pytest.fixture
def taken_back(monkeypatch):
    """Give the list of what the driver gives out again."""
    lost = []
    take_back = driver._Drive._take_back

    def note(self, work, why):
        lost.append(why)
        take_back(self, work, why)

    monkeypatch.setattr(driver._Drive, "_take_back", note)
    return lost


def connected(address: str) -> SimpleNamespace:
    """A Ray that is connected to this address."""
    context = SimpleNamespace(gcs_address=address)
    return SimpleNamespace(is_initialized=lambda: True, get_runtime_context=lambda: context)


def test_programs_and_this_process_agree_bit_for_bit(ray):
    task, runs = mixed_population()
    expected = all_bits(execute(runs, task, **HERE))
    events = list(there(runs[::-1], task, **KEEP))
    assert all_bits(events) == expected
    assert [one.provenance for one in events if isinstance(one, Joined)] == [provenance()]
    assert sum(one.run_epochs for one in events if isinstance(one, Progressed)) == pytest.approx(
        sum(one.outcome.epochs for one in events if isinstance(one, Ended))
    )


def test_programs_of_two_cores_agree_too(ray):
    task, runs = mixed_population()
    expected = all_bits(execute(runs, task, **HERE))
    assert all_bits(there(runs, task, on_ray(cpus=2), **KEEP)) == expected


@pytest.mark.slow
def test_checkpoints_are_those_of_this_process(ray, undisturbed):
    task, runs, expected = undisturbed
    kept = {}
    events = there(runs, task, checkpoint_seconds=0.0, **KEEP)
    for event in events:
        if isinstance(event, Checkpointed):
            kept[event.key] = event
            break
    events.close()
    assert all_bits(execute(runs, task, resume=kept, **HERE)) == expected
    again = list(there(runs, task, resume=kept, **KEEP))
    assert all_bits(again) == expected
    epochs = sum(one.run_epochs for one in again if isinstance(one, Progressed))
    assert epochs < sum(run.fit.epochs for run in runs), "it went on from checkpoints"


def test_the_next_job_finds_ray_running(ray):
    task, runs = mixed_population()
    before = servers()
    assert before
    assert len(ended(there(runs, task))) == len(runs)
    assert servers() == before


class TestLoss:
    def test_a_killed_worker_is_replaced_and_the_bits_are_the_same(
        self, ray, undisturbed, taken_back, monkeypatch
    ):
        # It waits for us to listen, so that it cannot have ended before it is killed.
        monkeypatch.setattr(driver, "_BATCHES_AHEAD", 1)
        task, runs, expected = undisturbed
        done, killed = {}, set()
        for event in there(runs, task, checkpoint_seconds=0.0, **KEEP):
            done |= ended([event])
            if isinstance(event, Checkpointed) and not killed:
                killed = training()
                os.kill(min(killed), signal.SIGKILL)
        assert taken_back == ["WorkerCrashedError"]
        assert {key: bits(one) for key, one in done.items()} == expected

    @pytest.mark.slow
    def test_one_that_is_lost_on_the_same_runs_twice_is_given_up(self, ray, taken_back):
        task, runs = long_population(20000)
        events = there(runs, task, checkpoint_seconds=0.0)
        with pytest.raises(WorkerError, match="lost twice on the same runs") as caught:
            deque(map(killing_all(training, set()), events), maxlen=0)
        assert "\n" not in str(caught.value)
        assert len(taken_back) >= 2
        wait_until(lambda: not training())

    @pytest.mark.parametrize("cpus", [1, pytest.param(2, marks=pytest.mark.slow)])
    @pytest.mark.slow
    def test_closing_the_generator_frees_the_workers(self, ray, cpus, workers_now):
        task, runs = long_population(20000)
        events = there(runs, task, on_ray(cpus=cpus))
        next(events)
        wait_until(training)
        events.close()
        wait_until(lambda: not training() and not workers_now())
        task, runs = mixed_population()
        assert len(ended(there(runs, task))) == len(runs)


class TestUsers:
    def test_what_a_module_brings_is_imported_there(self, ray):
        check_what_a_module_brings(there)

    def test_what_only_this_process_has_is_refused(self):
        metric("here_only")(lambda targets, outputs: 0.0)
        task = made_up(n=90, features=5, valid=0.2)
        runs = [of(task, fit=Fit(epochs=1, batch_size=16, measures=("here_only",)))]
        with pytest.raises(ConfigError, match="on ray: your own functions must stand") as caught:
            list(there(runs, task))
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        "settings",
        [
            {"net": MLP(hidden=(7,), init="users-wrong")},
            {"net": MLP(hidden=(7,), activation="users-mistake")},
            {"optim": ml.SGD(lr=0.1, schedule="users-late-mistake")},
        ],
        ids=["init", "activation", "schedule"],
    )
    def test_a_mistake_is_the_line_it_is_here(self, ray, settings):
        check_a_mistake(there, **settings)


class TestExperiment:
    def test_frames_are_equal_and_the_store_answers_again(self, ray, tmp_path):
        check_frames("ray", tmp_path / "s.sqlite")

    @pytest.mark.slow
    @pytest.mark.parametrize("where", ["own", "cluster"])
    def test_a_command_says_what_it_says_here(self, ray, tmp_path, where):
        sweep = ("sweep", "digits", "--vary", "lr=0.1,0.3", "--seeds", "2", "--epochs", "2")
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        if where == "cluster":
            address = ray.get_runtime_context().gcs_address
            environment |= {"RAY_ADDRESS": address, **connect._alone()}

        def table(on):
            says = subprocess.run(
                [sys.executable, "-m", "mlplab", *sweep, "--on", on, "--store", tmp_path / on],
                capture_output=True,
                text=True,
                check=True,
                timeout=120,
                env=environment,
            ).stdout.splitlines()
            return [line for line in says if " runs in " not in line and str(tmp_path) not in line]

        here = table("here")
        assert any("best first" in line for line in here)
        assert table("ray") == here


class TestCluster:
    def test_nobody_else_can_reach_it(self, ray):
        pids = family(os.getpid())
        hosts = {host for pid in pids for host in listening(pid)}
        assert hosts == {"127.0.0.1"}
        folder = Path(ray._private.worker._global_node.get_session_dir_path()).parents[1]
        assert folder.stat().st_mode & 0o077 == 0
        (raylet,) = named("raylet/raylet")
        variables = Path(f"/proc/{raylet}/environ").read_bytes().split(b"\0")
        assert b"RAY_AUTH_MODE=token" in variables
        assert "RAY_AUTH_TOKEN" not in os.environ

    def test_more_cores_than_there_are_is_one_line(self, ray):
        task, runs = mixed_population()
        with pytest.raises(ConfigError, match=r"on ray: expected a cluster with 99 cores and 0 GP"):
            list(there(runs, task, on_ray(cpus=99)))

    def test_a_gpu_where_there_is_none_is_one_line(self, ray):
        if ray.cluster_resources().get("GPU"):
            pytest.skip("there is one")
        task, runs = mixed_population()
        with pytest.raises(ConfigError, match=r"and 1 GPUs for a program; got one with 2 and 0;"):
            list(there(runs, task, on_ray(gpus=1)))


class Counted(dict):
    """Checkpoints that count how often one was read."""

    n_read = 0

    def __getitem__(self, key):
        self.n_read += 1
        return super().__getitem__(key)


class TestWithoutRay:
    def test_checkpoints_are_read_when_their_chunk_is_given_out(self, monkeypatch):
        def train(task, order):
            while True:
                yield [Progressed(1.0)]

        options = SimpleNamespace(options=lambda **_: SimpleNamespace(remote=train))
        ray = SimpleNamespace(
            put=lambda task: task,
            remote=lambda function: options,
            wait=lambda streams, **_: (streams, []),
            get=lambda batch: batch,
            cancel=lambda stream, force: stream.close(),
            exceptions=SimpleNamespace(RayError=ConnectionError),
        )
        monkeypatch.setattr(driver, "connect", lambda *_: ray)
        monkeypatch.setattr(driver, "places", lambda *_: 1)
        monkeypatch.setattr(driver, "CHUNK_SECONDS", 1e-3)
        task, runs = mixed_population()
        states = Counted({run.key: Blob(b"") for run in runs})
        events = there(runs, task, resume=states)
        next(events)
        events.close()
        assert 0 < states.n_read < len(runs)

    def test_not_installed_is_one_line(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "ray", None)
        task, runs = mixed_population()
        says = "on ray needs ray, which is not installed; try: python -m pip install 'ray'"
        with pytest.raises(ConfigError) as caught:
            list(there(runs, task))
        assert str(caught.value) == says

    @pytest.fixture
    def unconnected(self, monkeypatch):
        """A Ray that is installed, and never asked to connect."""
        ray = SimpleNamespace(is_initialized=lambda: False)
        monkeypatch.setattr("mlplab.execute.on_ray.connect.load", lambda *_: ray)

    @pytest.mark.parametrize("address", [None, "auto", "127.0.0.1:6379", "localhost:6379"])
    def test_the_cluster_that_is_connected_is_taken(self, monkeypatch, address):
        ray = connected("127.0.0.1:6379")
        monkeypatch.setattr("mlplab.execute.on_ray.connect.load", lambda *_: ray)
        assert connect.connect(ml.Ray(address=address), 1) is ray

    @pytest.mark.parametrize("address", ["127.0.0.1:6380", "no.such.host.invalid:6379"])
    def test_another_cluster_than_the_connected_one_is_one_line(self, monkeypatch, address):
        ray = connected("127.0.0.1:6379")
        monkeypatch.setattr("mlplab.execute.on_ray.connect.load", lambda *_: ray)
        says = f"connected to 127.0.0.1:6379 already.*use {address} from another process"
        with pytest.raises(ConfigError, match=says):
            connect.connect(ml.Ray(address=address), 1)

    def test_a_command_that_is_interrupted_ends_its_own(self, monkeypatch, tmp_path):
        ended_with, ended_rays = [], []
        ray = SimpleNamespace(shutdown=lambda: ended_rays.append(ray))
        monkeypatch.setattr(connect, "_OWN", [(ray, str(tmp_path / "folder"))])
        monkeypatch.setattr(os, "_exit", ended_with.append)
        (tmp_path / "folder").mkdir()
        leave_at_once(1)
        assert ended_rays == [ray]
        assert not (tmp_path / "folder").exists()
        assert ended_with == [1]

    def test_one_that_does_not_start_is_one_line(self, unconnected, monkeypatch):
        def start(ray, cores):
            raise Exception("The current node timed out during startup. This could happen")

        monkeypatch.delenv("RAY_ADDRESS", raising=False)
        monkeypatch.setattr(connect, "_start", start)
        task, runs = mixed_population()
        with pytest.raises(ConfigError, match="on ray: a Ray of this machine: The current node"):
            list(there(runs, task))

    @pytest.mark.parametrize("how", ["settings", "environment"])
    def test_an_address_where_nothing_answers_is_one_line(self, unconnected, monkeypatch, how):
        task, runs = mixed_population()
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))  # and does not listen
            address = f"127.0.0.1:{bound.getsockname()[1]}"
            if how == "environment":
                monkeypatch.setenv("RAY_ADDRESS", address)
            executor = on_ray(address=address if how == "settings" else None)
            with pytest.raises(ConfigError, match=r"nothing answers there \(Connection refused\)"):
                list(there(runs, task, executor))

    @pytest.mark.parametrize("says", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
    def test_an_address_where_something_else_answers_is_one_line(
        self, unconnected, monkeypatch, says
    ):
        monkeypatch.setattr(connect, "_REACH_SECONDS", 0.2)
        task, runs = mixed_population()
        with socket.create_server(("127.0.0.1", 0)) as server:
            accepted = []

            def answer():
                accepted.append(server.accept()[0])
                accepted[0].sendall(says)

            threading.Thread(target=answer, daemon=True).start()
            address = f"127.0.0.1:{server.getsockname()[1]}"
            with pytest.raises(ConfigError, match=r"what answers there is no Ray; try"):
                list(there(runs, task, on_ray(address=address)))

    def test_no_ray_on_this_machine_is_one_line(self, monkeypatch):
        def init(**_):
            raise ConnectionError("Could not find any running Ray instance. Please try `--address`")

        ray = SimpleNamespace(is_initialized=lambda: False, init=init)
        monkeypatch.setattr("mlplab.execute.on_ray.connect.load", lambda *_: ray)
        with pytest.raises(ConfigError, match="on ray: auto: no Ray runs on this machine; try"):
            connect.connect(ml.Ray(address="auto"), 1)

    @pytest.mark.parametrize("address", ["nonsense", "ray://127.0.0.1:10001", "host:0", ":6379"])
    def test_what_is_no_address_is_one_line(self, unconnected, address):
        task, runs = mixed_population()
        with pytest.raises(ConfigError, match=r"expected the host and port of a .*10\.0\.0\.1:"):
            list(there(runs, task, on_ray(address=address)))

    def test_a_plan_comes_from_settings_alone(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "ray", None)
        task, runs = mixed_population()
        parts = on_ray(workers=3, cpus=2).portions(runs, task)
        assert parts.cores == 2
        assert parts.gpus == 0
        assert 0 < parts.longest_seconds <= parts.seconds <= parts.core_seconds
        sweep = ("sweep", "digits", "--vary", "lr=0.1,0.3", "--seeds", "2", "--epochs", "2")
        result = CliRunner().invoke(
            program, [*sweep, "--plan", "--on", "ray", "--store", ":memory:"]
        )
        assert result.exit_code == 0, result.output
        assert "on ray: " in result.output


def listening(pid: int) -> set[str]:
    """Return the addresses on which a process listens."""
    inodes = set()
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            inodes.add(os.readlink(entry))
        tables = [Path(f"/proc/{pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
    except OSError:  # it has ended
        return set()
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    return {_host(row[1]) for row in rows if row[3] == LISTENS and f"socket:[{row[9]}]" in inodes}


def _host(entry: str) -> str:
    """Return the address that the kernel writes in words of its own byte order."""
    digits = entry.partition(":")[0]
    words = [int(digits[at : at + 8], 16) for at in range(0, len(digits), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    if len(packed) == 4:
        return str(IPv4Address(packed))
    address = IPv6Address(packed)
    return str(address.ipv4_mapped or address)
