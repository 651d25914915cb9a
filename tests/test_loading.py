"""Ctrl-C while torch and others are loaded spoils no later call."""

from __future__ import annotations

import os
import subprocess
import sys
from textwrap import dedent

# A real signal at the moment at which each of these begins to be loaded.
HOOK = """
    import signal, sys, time
    pending = {"torch._C", "torch.nn", "scipy.sparse", "pandas.core.api", "sqlalchemy.orm",
               "sqlalchemy.engine", "pydantic.main", "mlplab.data.task"}
    seen = []
    def interrupt(event, arguments):
        if event == "import" and arguments[0] in pending:
            pending.remove(arguments[0])
            seen.append(arguments[0])
            signal.raise_signal(signal.SIGINT)
    sys.addaudithook(interrupt)
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", dedent(HOOK) + dedent(code), *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_later_calls_work():
    done = python("""
        import mlplab as ml
        interrupts = 0
        while True:
            try:
                base = ml.Run(fit=ml.Fit(epochs=2))
                runs = ml.Experiment("digits", base, seeds=2).run(":memory:", workers=1)
                runs.frame()
                ml.MLPRegressor(epochs=2).fit([[0.0], [1.0]] * 8, [0.0, 1.0] * 8)
                time.sleep(0.1)
                break
            except (KeyboardInterrupt, ml.errors.Interrupted):
                interrupts += 1
        assert runs.frame(last=True).status.eq("finished").all()
        print(interrupts, *seen)
    """)
    assert done.returncode == 0, done.stderr
    interrupts, *seen = done.stdout.split()
    assert int(interrupts) > 0
    assert {"torch._C", "torch.nn", "pandas.core.api"} <= set(seen)


def test_a_command_ends_with_one_line(tmp_path):
    store = str(tmp_path / "s.sqlite")
    command = ("train", "digits", "--epochs", "100000", "--store", store, "--quiet")
    done = python("from mlplab.cli import main\nmain()\n", *command)
    assert done.stdout == ""
    assert done.stderr.startswith("mlplab: interrupted")
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.returncode == 1


def test_an_interrupt_within_a_callback_is_not_lost():
    done = subprocess.run(
        [sys.executable, "-c", dedent("""
            import time, weakref
            from mlplab.loading import keep_interrupts
            keep_interrupts()
            def swallow(_):
                raise KeyboardInterrupt
            class Thing: pass
            thing = Thing()
            watched = weakref.ref(thing, swallow)
            try:
                del thing
                time.sleep(60)
            except KeyboardInterrupt:
                print("came")
        """)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("came\n", "")


def test_a_connection_that_closes_under_ctrl_c_prints_nothing_of_its_own():
    done = python("""
        import logging
        import mlplab.store.database
        logging.getLogger("sqlalchemy.pool.impl.NullPool").error("Exception closing connection")
    """)
    assert "Exception closing" not in done.stderr
