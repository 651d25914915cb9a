"""Scripts without a main guard, others' parallel jobs, odd folders, metrics from anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from mlplab.errors import ConfigError
from mlplab.execute import default_workers

POPULATION = """
import hashlib, json, os
import numpy as np
from mlplab.data import task_from_arrays
from mlplab.engine import Ended, provenance
from mlplab.execute import default_workers, execute
from mlplab.specs import MLP, SGD, Fit, Run, TaskRef

def population(measures=()):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((80, 7)).astype("f4"), rng.integers(0, 3, 80)
    task = task_from_arrays(X, y, valid=0.25)
    return [Run(task=TaskRef(**task.spec()), net=MLP(hidden=(h,), norm="layer"), seed=s,
                fit=Fit(epochs=2, batch_size=8, measures=measures))
            for h in (5, 33) for s in (0, 1)], task

def digest(workers, measures=()):
    done = [e for e in execute(*population(measures), workers=workers, keep_weights=True)
            if isinstance(e, Ended)]
    done.sort(key=lambda e: e.outcome.key)
    text = repr([(e.outcome.key, e.outcome.history, e.outcome.provenance) for e in done])
    return hashlib.sha256(text.encode() + b"".join(e.weights for e in done)).hexdigest()
"""


def run_script(
    folder: Path, code: str, *, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess:
    """Run a script that sits in a folder beside `population.py`."""
    (folder / "population.py").write_text(POPULATION)
    (folder / "script.py").write_text(dedent(code))
    kept = {k: v for k, v in os.environ.items() if k != "MLPLAB_NUMERICS"}
    paths = [path for path in sys.path if path.endswith("src") or "site-packages" in path]
    return subprocess.run(
        [sys.executable, str(folder / "script.py")],
        env=kept | {"PYTHONPATH": os.pathsep.join(paths)} | environment,
        cwd=cwd or folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def last_line(done: subprocess.CompletedProcess) -> object:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


class TestScripts:
    def test_a_script_without_a_main_guard_in_a_folder_of_odd_names(self, tmp_path):
        # A worker that looked for modules in the working directory would find these.
        odd = tmp_path / "odd"
        odd.mkdir()
        for name in ("queue", "random", "torch", "signal", "threading", "mlplab"):
            (odd / f"{name}.py").write_text("raise RuntimeError('the wrong module')")
        done = run_script(tmp_path, """
            import json
            from population import digest
            print("once")
            print(json.dumps([digest(1), digest(2)]))
        """, cwd=odd)  # fmt: skip
        here, there = last_line(done)
        assert here == there
        assert done.stdout.count("once") == 1

    def test_a_product_that_came_too_early_leaves_workers_like_this_process(self, tmp_path):
        # The mode of this process's kernels is fixed by then; workers must not take another.
        done = run_script(tmp_path, """
            import json, torch
            a = torch.rand(200, 200); a @ a
            from population import digest
            print(json.dumps([digest(1), digest(2)]))
        """)  # fmt: skip
        here, there = last_line(done)
        assert here == there

    def test_a_worker_goes_when_its_caller_is_killed(self, tmp_path, workers_now):
        done = run_script(tmp_path, """
            import os, signal, subprocess, sys, time
            from population import *
            runs, task = population()
            events = execute([r.replace(fit=Fit(epochs=10**6, batch_size=8)) for r in runs], task,
                             workers=2)
            next(events)
            from mlplab.bench.process_memory import family
            print(json.dumps(family(os.getpid())[1:]), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        """)  # fmt: skip
        pids = json.loads(done.stdout.splitlines()[-1])
        assert len(pids) >= 2
        for _ in range(100):
            if not any(is_worker(pid) for pid in pids):
                break
            subprocess.run(["sleep", "0.1"], check=True)
        assert not [pid for pid in pids if is_worker(pid)]


def is_worker(pid: str) -> bool:
    try:
        return b"mlplab.execute" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


METRICS = """
    import functools, json, multiprocessing, os, population, sys
    from mlplab.engine import Ended, metric
    from mlplab.errors import ConfigError
    from population import digest, execute
    import mlplab.execute.local as module

    def in_main(targets, outputs, factor=1.0):
        return float(os.getpid())

    def where(function):
        metric("where")(function)
        runs, task = population.population(("where",))
        done = [e.outcome for e in execute(runs, task, workers=2) if isinstance(e, Ended)]
        return {one.last("valid_where") == os.getpid() for one in done}
"""

MINE = """
import os

def mine(targets, outputs):
    print("noise" * 100)
    os.write(1, b"more noise")
    return float(os.getpid())

def fails(targets, outputs):
    return 1 / 0
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    # One script asks all, since each start of workers takes seconds.
    folder = tmp_path_factory.mktemp("metrics")
    (folder / "mine.py").write_text(MINE)
    return last_line(run_script(folder, METRICS + """
    stay = [where(in_main), where(lambda t, o: float(os.getpid())),
            where(functools.partial(in_main, factor=2.0))]
    names = {}
    exec("import os\\ndef made(t, o): return float(os.getpid())", names)
    names["made"].__module__ = "made_up_on_the_spot"
    sys.modules["made_up_on_the_spot"] = type(sys)("made_up_on_the_spot")
    sys.modules["made_up_on_the_spot"].made = names["made"]
    stay.append(where(names["made"]))
    import mine
    go = where(mine.mine)
    metric("fails")(mine.fails)
    lines = []
    for workers in (1, 2):
        try:
            digest(workers, ("fails",))
        except ConfigError as problem:
            lines.append(str(problem))
    print(json.dumps({"stay": [sorted(one) for one in stay], "go": sorted(go), "lines": lines}))
    """))  # fmt: skip


class TestMetrics:
    def test_those_that_a_worker_cannot_import_stay_here(self, answers):
        assert answers["stay"] == [[True]] * 4

    def test_those_of_a_module_go_to_the_workers_and_may_print(self, answers):
        assert answers["go"] == [False]

    def test_one_that_fails_there_is_the_line_it_is_here(self, answers):
        here, there = answers["lines"]
        assert here == there == "metric 'fails' failed with ZeroDivisionError: division by zero"


class TestWorkerCount:
    def test_the_cores_of_this_process_or_what_is_asked_for(self, monkeypatch):
        monkeypatch.delenv("MLPLAB_WORKERS", raising=False)
        monkeypatch.delenv("LOKY_WORKER", raising=False)
        assert default_workers() == len(os.sched_getaffinity(0))
        monkeypatch.setenv("MLPLAB_WORKERS", "7")
        assert default_workers() == 7

    @pytest.mark.parametrize("given", ["0", "-1", "many", "1.5", "²"])
    def test_nonsense_is_one_clear_line(self, monkeypatch, given):
        monkeypatch.setenv("MLPLAB_WORKERS", given)
        with pytest.raises(ConfigError, match=f"expected a whole number from 1; got '{given}'"):
            default_workers()

    def test_one_inside_somebody_elses_parallel_job(self, tmp_path):
        done = run_script(tmp_path, """
            import json, multiprocessing, os
            os.environ.pop("MLPLAB_WORKERS", None)
            from concurrent.futures import ProcessPoolExecutor
            from joblib import Parallel, delayed
            from mlplab.execute import default_workers
            if __name__ == "__main__":
                pool = ProcessPoolExecutor(1, multiprocessing.get_context("fork"))
                counts = [pool.submit(default_workers).result()]
                counts += Parallel(n_jobs=2)(delayed(default_workers)() for _ in range(2))
                print(json.dumps(counts))
        """)  # fmt: skip
        assert last_line(done) == [1, 1, 1]
