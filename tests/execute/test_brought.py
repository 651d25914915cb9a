"""What users bring is imported by workers, whatever its module does at its top."""

from __future__ import annotations

import importlib
import multiprocessing
import sys
import tempfile
import time
from collections import deque
from textwrap import dedent, indent
from types import SimpleNamespace

import pytest
from tests.engine.population import made_up, of
from tests.execute.test_surroundings import last_line, run_script

import mlplab as ml
from mlplab.engine import Ended
from mlplab.errors import ConfigError, WorkerError
from mlplab.execute import brought, default_workers, execute, processes
from mlplab.execute.brought import pack, unpack
from mlplab.execute.chunks import deal
from mlplab.specs import MLP, Fit
from mlplab.tabular import fit_table

FUNCTION = """
import os, sys, time
def mine(targets, outputs):
    return 1.0
"""


def job(**fields):
    """Two programs, so that there are two chunks, and not what compiled loops train."""
    task = made_up(n=90, valid=0.2)
    return task, [
        of(task, net=MLP(hidden=(h,), norm="layer"), fit=Fit(epochs=1, batch_size=16, **fields))
        for h in (3, 4)
    ]


@pytest.fixture
def module_of(tmp_path, monkeypatch):
    """Make modules with a metric, which do something else where workers import them."""
    monkeypatch.syspath_prepend(tmp_path)
    names = []

    def make(name, in_workers, function=FUNCTION):
        top = f'if "MLPLAB_WORKER" in os.environ:\n{indent(dedent(in_workers), "    ")}\n'
        (tmp_path / f"{name}.py").write_text(dedent(function) + top)
        names.append(name)
        return importlib.import_module(name)

    yield make
    for name in names:
        sys.modules.pop(name, None)


def in_one_worker(module, runs, task):
    """Train in one worker process, which costs less than two."""
    packed = pack({"measures": {"mine": module.mine}, "plugins": {}})
    assert packed is not None
    return list(processes.in_processes(deal(runs, task, 1), task, 1, {}, packed, {}))


class TestAModuleThatCannotBeImported:
    @pytest.mark.parametrize(
        ("does", "says"),
        [
            ("sys.exit('usage: main.py DATA')", "SystemExit: usage: main.py DATA; odd.py, line 6"),
            pytest.param("os._exit(3)", "(exit code 3)", marks=pytest.mark.slow),
            pytest.param("os.kill(os.getpid(), 11)", "ended by SIGSEGV", marks=pytest.mark.slow),
            pytest.param("time.sleep(999)", "still imports 'odd' after", marks=pytest.mark.slow),
            pytest.param("input()", "EOFError", marks=pytest.mark.slow),
            pytest.param(
                "os.closerange(0, 99); time.sleep(99)", "ended by SIGKILL", marks=pytest.mark.slow
            ),
        ],
    )
    def test_is_named_and_the_workers_are_ended(
        self, module_of, workers_now, monkeypatch, does, says
    ):
        monkeypatch.setattr(processes, "PATIENCE_SECONDS", 0.2)
        if "sleep(999)" in does:
            monkeypatch.setattr(processes, "_IMPORT_SECONDS", 0.1)
        task, runs = job(measures=("mine",))
        with pytest.raises(WorkerError, match=r"'odd'.*if __name__ == .*workers=1") as caught:
            in_one_worker(module_of("odd", does), runs, task)
        assert says in str(caught.value)
        assert "\n" not in str(caught.value)
        assert not workers_now()

    def test_has_two_tries_only_where_its_worker_was_killed(self):
        worker = SimpleNamespace(imports="odd")
        todo = deque()

        def end(code, tries):
            worker.work = processes._Work({"key": None}, {}, tries)
            processes._take_back(worker, todo, code)

        end(-9, 1)
        assert len(todo) == 1
        for code, tries, says in ((-9, 2, "ended by SIGKILL"), (3, 1, "exit code 3")):
            with pytest.raises(WorkerError, match=rf"imported 'odd' \({says}\)"):
                end(code, tries)

    def test_has_a_time_limit(self):
        worker = SimpleNamespace(imports=None, imports_since=time.monotonic())
        assert processes._seconds_left([worker]) is None
        worker.imports = "odd"
        assert 0 < processes._seconds_left([worker]) <= processes._IMPORT_SECONDS
        worker.imports_since -= processes._IMPORT_SECONDS
        with pytest.raises(WorkerError, match="still imports 'odd' after"):
            processes._seconds_left([worker])

    @pytest.mark.parametrize(
        ("does", "says"),
        [
            ("raise KeyboardInterrupt", "KeyboardInterrupt; odd.py, line 6"),
            ("raise GeneratorExit", "GeneratorExit; odd.py"),
            ("raise BaseException('no\\nmore')", "BaseException: no more; odd.py"),
            ("1 / 0", "ZeroDivisionError: division by zero; odd.py"),
            ("sys.argv[99]", "IndexError: list index out of range; odd.py"),
            ("del mine", "AttributeError: "),
            (None, "ModuleNotFoundError: No module named 'odd'"),
        ],
    )
    def test_is_named_whatever_it_raises(self, module_of, monkeypatch, tmp_path, does, says):
        module = module_of("odd", does or "pass")
        packed = pack(module.mine)
        del sys.modules["odd"]
        monkeypatch.setenv("MLPLAB_WORKER", "")
        if does is None:
            (tmp_path / "odd.py").unlink()
            importlib.invalidate_caches()
        imported = []
        with pytest.raises(WorkerError, match="'odd'") as caught:
            unpack(packed, imported.append)
        assert says in str(caught.value)
        assert "\n" not in str(caught.value)
        assert imported == ["odd"]


class TestAModuleThatTrains:
    def test_at_its_top_is_named(self, module_of, workers_now):
        task, runs = job(measures=("mine",))
        trains = """
            from tests.execute.test_brought import *
            task, runs = job()
            list(execute(runs, task, workers=1))
        """
        module = module_of("trains", trains)
        with pytest.raises(WorkerError, match="module 'trains' trains when a worker process"):
            in_one_worker(module, runs, task)
        assert not workers_now()

    def test_in_its_functions_trains_in_the_worker(self, module_of):
        function = """
            import os
            def mine(targets, outputs):
                from tests.execute.test_brought import default_workers, execute, job
                from tests.execute.conftest import worker_processes
                task, runs = job()
                started = max(len(worker_processes()) for _ in execute(runs, task, workers=2))
                return 10.0 * default_workers() + started
        """
        task, runs = job(measures=("mine",))
        events = in_one_worker(module_of("probes", "pass", function), runs, task)
        values = [e.outcome.last("valid_mine") for e in events if isinstance(e, Ended)]
        assert values == [10.0, 10.0]

    def test_while_it_is_imported_trains_in_its_process(self, tmp_path):
        # A worker would begin it from its top. Its package counts: that is imported first.
        package = tmp_path / "package"
        package.mkdir()
        (package / "__init__.py").write_text("import package.training\n")
        (package / "metrics.py").write_text("import os\ndef pid(t, o): return float(os.getpid())\n")
        (package / "training.py").write_text(
            dedent("""
            import os, mlplab as ml
            from population import Ended, execute, population
            from package.metrics import pid
            print("once")
            ml.metric("pid")(pid)
            runs, task = population(("pid",))
            done = [e.outcome for e in execute(runs, task, workers=2) if isinstance(e, Ended)]
            found = {one.last("valid_pid") == os.getpid() for one in done}
        """)
        )
        done = run_script(tmp_path, """
            import json
            import package.training
            print(json.dumps(list(package.training.found)))
        """)  # fmt: skip
        assert last_line(done) == [True]
        assert done.stdout.count("once") == 1

    @pytest.mark.parametrize("where", ["our worker", "a spawned process"])
    def test_where_a_module_runs_again_is_refused_at_once(self, monkeypatch, where):
        task, runs = job()
        if where == "our worker":
            monkeypatch.setenv("MLPLAB_WORKER", "script")
        else:
            here = multiprocessing.current_process()
            monkeypatch.setattr(here, "_inheriting", True, raising=False)
        for train in (
            lambda: next(execute(runs, task, workers=1)),
            lambda: ml.Experiment(task, seeds=1).run("no/such/store"),
            lambda: ml.Search(task, space={"lr": [0.1]}).run("no/such/store"),
            lambda: ml.MLPRegressor(epochs=1).fit([[0.0], [1.0]] * 8, [0.0, 1.0] * 8),
            lambda: fit_table("no such table", "target"),
        ):
            with pytest.raises(WorkerError, match="trains when a worker process imports it: put"):
                train()


def test_what_a_worker_starts_has_one_worker(monkeypatch, workers_now):
    task, runs = job()
    monkeypatch.setenv("MLPLAB_WORKER", "")
    monkeypatch.setenv("MLPLAB_WORKERS", "8")
    assert default_workers() == 1
    for _ in execute(runs, task, workers=2):
        assert not workers_now()


def test_a_full_disk_leaves_no_room_for_workers(tmp_path, monkeypatch):
    task, runs = job()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(WorkerError, match=r"no temporary files .*TMPDIR .*; workers=1"):
        next(execute(runs, task, workers=2))


def test_partial_functions_and_instances_are_at_home_where_their_parts_are(tmp_path, monkeypatch):
    import functools

    assert pack(functools.partial(deal, workers=2)) is not None
    monkeypatch.setattr(deal, "__module__", "nowhere")
    monkeypatch.setitem(sys.modules, "nowhere", type(sys)("nowhere"))
    sys.modules["nowhere"].deal = deal
    assert pack(functools.partial(deal, workers=2)) is None
    assert brought.describe(ConfigError("lr:\n  no")) == "ConfigError: lr: no"
