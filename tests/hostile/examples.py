"""How many hostile inputs a test draws: few where it gates, `FUZZ_EXAMPLES` under `make fuzz`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from mlplab.cli import program

SECONDS = 120.0
"""What one input may take at most, on a busy machine; all of them take a few at most."""

# What people and machines put where something else was meant: numbers that are none, SQL, HTML,
# escapes of a terminal, bytes that are no text, names that leave a folder.
JUNK = (
    *("", " ", "-1", "0", "1", "2", "3", "0.5", "nan", "inf", "-inf", "1e-400", "1e400", "0x10"),
    *("1e39", "-1e39", "1e300", "1e-300", "prelu:1e39", "²"),
    *(
        "1_000",
        "+5",
        "a,b",
        "a=b",
        "=",
        ",",
        "=,=",
        "x",
        "none",
        "None",
        "true",
        "auto",
        "[]",
        "{}",
    ),
    *("'; DROP TABLE mlplab_runs; --", '" OR 1=1', "<script>alert(1)</script>", "&lt;b&gt;"),
    *("\x1b[31mred", "\x1b]0;title\x07", "a\nb", "a\rb", "\t", "\u202egnirts", "\x9b1m"),
    *("%s%n", "{0}", "$(id)", "`id`", "../../etc/passwd", "/dev/null", "/proc/self/mem", ".", ".."),
    *("é", "💥", "١", "Ⅷ", "ß", "\udcff", "x" * 3000, "(" * 200, "-" * 50, "0" * 400, "1e", "e5"),
    *("0.1..1", "0.1..1:log", "1..0", ":log", "1x2", "x1", "4x", "sgd(lr=1)", "adam(", "sgd)"),
    *("relu:1", "normal:", "constant:1e999", "--", "-", "--help", "-x", "train.csv", "empty.csv"),
    *(
        "folder",
        "model.mlplab",
        "a.npy",
        "runs.sqlite",
        "missing.csv",
        "sqlite:///x",
        "http://[",
        "%",
    ),
)
HUGE = ("9" * 18, "9" * 30, "99999999", "-" + "9" * 30, "4294967296", "1e18")

TEXTS = st.sampled_from(JUNK) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=8
)


def examples(n: int, share: float = 1.0) -> settings:
    """Return settings for n examples; under `make fuzz` for that share of `FUZZ_EXAMPLES`."""
    wanted = os.environ.get("FUZZ_EXAMPLES")
    return settings(
        max_examples=n if wanted is None else max(1, int(share * int(wanted))),
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )


@contextmanager
def within(seconds: float = SECONDS) -> Iterator[None]:
    """Fail where something takes longer: it hangs."""

    def stop(*_: Any) -> None:
        raise TimeoutError(f"more than {seconds:.0f} s")

    if threading.current_thread() is not threading.main_thread() or sys.platform == "win32":
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def run(*arguments: str) -> Result:
    """Run a command in this process."""
    with within():
        return CliRunner().invoke(program, list(arguments), prog_name="mlplab")


def check(result: Result, folder: Path, arguments: Sequence[object] = ()) -> None:
    """A command has ended as all do: a code, one line if it failed, and nothing half written."""
    said = result.stdout + result.stderr
    assert result.exit_code in (0, 1, 2), (arguments, result.exception)
    assert "this is a bug" not in said, (arguments, result.stderr, result.exception)
    assert "Traceback" not in result.stderr, arguments
    cause = getattr(result.exception, "__cause__", None)
    assert not isinstance(cause, TimeoutError), arguments
    if result.exit_code:
        assert "mlplab: " in result.stderr, arguments
    assert not list(folder.rglob(".*.part")), arguments
    if "export" in arguments or "predict" in arguments:
        return  # a table goes to standard output as it is
    # What a terminal would obey: a name in a file must not clear the screen or name the window.
    ruling = {c for c in said if (ord(c) < 32 and c not in "\n\t\r") or 127 <= ord(c) < 160}
    assert not ruling, (arguments, ruling, said[-500:])
