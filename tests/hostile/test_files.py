"""Files from others: tables, idx, safetensors, models and stores, damaged or made to do harm."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hostile.examples import JUNK, check, examples, run, within

from mlplab import MLPClassifier
from mlplab.data.idx import read_idx
from mlplab.errors import DataError
from mlplab.experiment import Experiment
from mlplab.specs import MLP, Fit, Run
from mlplab.store import Store
from mlplab.tabular import fit_table, read_table
from mlplab.tabular.model_files import load_table_model

CELLS = st.one_of(
    st.sampled_from(JUNK),
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(str),
    st.sampled_from(
        ("", "NA", "1", "2", "1.5", "1,5", "1.000,5", "$3", "12%", "2020-01-02", "3/4/21", "S", "M")
    ),
    st.text(max_size=4),
)


@st.composite
def csv_files(draw: st.DrawFn) -> bytes:
    """A table as somebody's program may have written it, or what only calls itself one."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    mark = draw(st.sampled_from((",", ";", "\t", "|", " ")))
    n = draw(st.integers(1, 5))
    heads = ["y", "x", "size", "id", *draw(st.lists(CELLS, max_size=2))][:n]
    rows = draw(st.lists(st.lists(CELLS, min_size=max(1, n - 1), max_size=n + 1), max_size=12))
    rows *= draw(st.sampled_from((1, 1, 3)))
    quote = draw(st.booleans())

    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if quote else text

    end = draw(st.sampled_from(("\n", "\r\n", "\r")))
    text = end.join(mark.join(map(cell, row)) for row in [heads, *rows])
    encoding = draw(st.sampled_from(("utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252")))
    data = text.encode(encoding, errors="replace")
    return draw(damaged(data)) if draw(st.integers(0, 5)) == 0 else data


@st.composite
def damaged(draw: st.DrawFn, data: bytes, longest: int = 8) -> bytes:
    """The same bytes, some of them changed, cut or doubled."""
    blob = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        if not blob:
            break
        # Headers decide most: half of the damage is done there.
        end = min(len(blob), draw(st.sampled_from((16, 300, len(blob)))))
        place = draw(st.integers(0, end - 1))
        what = draw(st.sampled_from(("set", "cut", "insert", "drop", "swap")))
        if what == "cut":
            del blob[place:]
        elif what == "drop":
            del blob[place : place + draw(st.integers(1, longest))]
        elif what == "swap":
            other = draw(st.integers(0, len(blob) - 1))
            blob[place], blob[other] = blob[other], blob[place]
        else:
            some = draw(st.binary(min_size=1, max_size=longest))
            blob[place : place + (len(some) if what == "set" else 0)] = some
    return bytes(blob)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model and a table of each kind, whole."""
    folder = tmp_path_factory.mktemp("whole")
    rng = np.random.default_rng(0)
    rows = [
        f"{i},{'SML'[i % 3]},{x:.3f},{x + i % 3:.3f}" for i, x in enumerate(rng.normal(size=40))
    ]
    (folder / "train.csv").write_text("\n".join(["id,size,x,y", *rows]) + "\n")
    table = read_table(folder / "train.csv")
    fit_table(table, target="y", minutes=0.1, configurations=1).save(folder / "model.mlplab")
    X, y = rng.normal(size=(30, 2)), np.arange(30) % 3
    MLPClassifier(hidden=(3,), epochs=1, n_seeds=1).fit(X, y).save(folder / "classifier")
    np.save(folder / "a.npy", rng.normal(size=(60, 2)))
    with Store(folder / "runs.sqlite") as store:
        base = Run(net=MLP(hidden=4), fit=Fit(epochs=1))
        Experiment("xor", base, {"lr": [0.1, 0.3]}, seeds=2, name="rates").run(
            store, keep_weights=True
        )
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLPLAB_STORE", str(tmp_path / "own.sqlite"))
    monkeypatch.delenv("MLPLAB_DEBUG", raising=False)
    return tmp_path


def result_of(read: Callable[[], Any]) -> Any:
    """What is read, or None where it was refused, in one line."""
    problem = None
    with within():
        try:
            return read()
        except DataError as refusal:
            problem = str(refusal)
    assert "\n" not in problem
    return None


@given(data=csv_files())
@examples(20, share=0.1)
def test_no_table_to_fit_is_a_traceback(data: bytes, home: Path) -> None:
    (home / "t.csv").write_bytes(data)
    result = run("fit", "t.csv", "--target", "y", "--plan")
    check(result, home, [data])


@given(data=csv_files())
@examples(20)
def test_no_table_to_predict_is_a_traceback(data: bytes, home: Path, files: Path) -> None:
    (home / "t.csv").write_bytes(data)
    (home / "out.csv").unlink(missing_ok=True)
    result = run("predict", str(files / "model.mlplab"), "t.csv", "--out", "out.csv")
    check(result, home, [data])
    assert (home / "out.csv").exists() == (result.exit_code == 0)


@given(data=csv_files(), other=csv_files())
@examples(5, share=0.02)
def test_no_two_tables_are_a_traceback(data: bytes, other: bytes, home: Path) -> None:
    (home / "a.csv").write_bytes(data)
    (home / "b.csv").write_bytes(other)
    check(run("shift", "detect", "a.csv", "b.csv", "--permutations", "19"), home, (data, other))
    result = run("shift", "correct", "a.csv", "--target-inputs", "b.csv", "--method", "ulsif")
    check(result, home, (data, other))


@given(data=csv_files())
@examples(2, share=0.002)
def test_no_fit_is_a_traceback(data: bytes, home: Path) -> None:
    (home / "t.csv").write_bytes(data)
    for name in ("m.mlplab", "pages"):
        path = home / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    args = ("--target", "y", "--minutes", "0.02", "--model", "m.mlplab", "--out", "pages")
    result = run("fit", "t.csv", *args)
    check(result, home, [data])
    assert (home / "m.mlplab").exists() == (result.exit_code == 0), data


def idx(array: np.ndarray) -> bytes:
    codes = {"u1": 8, "i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}
    code = codes[array.dtype.str.replace("|", "")]
    return (
        struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + array.tobytes()
    )


@st.composite
def idx_files(draw: st.DrawFn) -> bytes:
    shape = draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
    dtype = draw(st.sampled_from(("u1", "i1", ">i2", ">i4", ">f4", ">f8")))
    data = idx(np.zeros(shape, dtype))
    if draw(st.integers(0, 3)) == 0:  # a size that lies: up to 2**32 - 1 each
        place = 4 + 4 * draw(st.integers(0, len(shape) - 1))
        size = draw(st.sampled_from((0, 1, 2**16, 2**31, 2**32 - 1)))
        data = data[:place] + struct.pack(">I", size) + data[place + 4 :]
    if draw(st.booleans()):
        data = draw(damaged(data))
    return gzip.compress(data) if draw(st.booleans()) else data


@given(data=idx_files())
@examples(150)
def test_an_idx_file_is_read_or_refused(data: bytes, home: Path) -> None:
    path = home / "images"
    path.write_bytes(data)
    array = result_of(lambda: read_idx(path))
    if array is None:
        return
    plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    assert array.nbytes <= len(plain)


@given(data=st.data())
@examples(60)
def test_an_estimator_is_read_or_refused(data: Any, home: Path, files: Path) -> None:
    whole = (files / "classifier").read_bytes()
    path = home / "classifier"
    path.write_bytes(data.draw(damaged(whole)))
    model = result_of(lambda: MLPClassifier.load(path))
    if model is not None:
        assert model.predict_proba(np.zeros((2, 2))).shape == (2, len(model.classes_))


@given(data=st.data())
@examples(40, share=0.5)
def test_a_table_model_is_read_or_refused(data: Any, home: Path, files: Path) -> None:
    path = home / "m.mlplab"
    with zipfile.ZipFile(files / "model.mlplab") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if data.draw(st.booleans()):
        path.write_bytes(data.draw(damaged((files / "model.mlplab").read_bytes())))
    else:  # whole as a zip: the damage reaches what is inside
        name = data.draw(st.sampled_from(sorted(parts)))
        parts[name] = data.draw(damaged(parts[name]))
        with zipfile.ZipFile(path, "w") as archive:
            for name, blob in parts.items():
                archive.writestr(name, blob)
    if result_of(lambda: load_table_model(path)) is not None:
        check(run("predict", "m.mlplab", str(files / "train.csv")), home)


TABLES = ("outcomes", "runs", "provenances", "weights", "experiments", "verdicts", "looks")
VALUES = st.one_of(
    st.none(),
    st.sampled_from(JUNK),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.binary(max_size=40),
    st.just(b"x" * 100_000),
)
READERS = (
    ("runs", "list", "--limit", "0"),
    ("runs", "list", "--metric", "train_loss", "--json"),
    ("runs", "list", "--where", "lr=0.1", "--task", "xor"),
    ("runs", "export"),
    ("runs", "export", "--to", "parquet", "--out", "o.parquet"),
    ("claims", "--json"),
    ("store", "info"),
    ("store", "prune", "--json"),
    ("train", "xor", "--hidden", "4", "--epochs", "1", "--seeds", "2", "--keep-weights"),
)


def renew(files: Path, home: Path) -> None:
    for path in home.glob("*.sqlite*"):
        path.unlink(missing_ok=True)
    shutil.copy(files / "runs.sqlite", home / "their.sqlite")


def spoil(place: Path, draw: Any) -> None:
    """Change one value of a row, whatever its column is for."""
    with sqlite3.connect(place) as connection:
        tables = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        table = draw(st.sampled_from(sorted(name for name in tables if "sqlite" not in name)))
        columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
        column = draw(st.sampled_from(columns))
        row = connection.execute(f'SELECT rowid, "{column}" FROM "{table}" LIMIT 1').fetchone()
        if row is None:
            return
        value = draw(VALUES)
        if isinstance(row[1], bytes) and draw(st.booleans()):
            value = draw(damaged(row[1]))
        elif isinstance(row[1], str) and draw(st.booleans()):
            value = draw(damaged(row[1].encode())).decode(errors="replace")
        try:
            connection.execute(
                f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (value, row[0])
            )
        except (sqlite3.Error, OverflowError, UnicodeEncodeError):
            return
    connection.close()


@given(data=st.data())
@examples(30)
def test_a_damaged_row_is_one_line(data: Any, home: Path, files: Path) -> None:
    renew(files, home)
    for _ in range(data.draw(st.integers(1, 3))):
        spoil(home / "their.sqlite", data.draw)
    command = data.draw(st.sampled_from(READERS))
    result = run(*command, "--store", "their.sqlite")
    check(result, home, command)


@given(data=st.data())
@examples(20, share=0.2)
def test_a_damaged_store_is_one_line(data: Any, home: Path, files: Path) -> None:
    whole = (files / "runs.sqlite").read_bytes()
    renew(files, home)
    (home / "their.sqlite").write_bytes(data.draw(damaged(whole, longest=600)))
    command = data.draw(st.sampled_from(READERS))
    check(run(*command, "--store", "their.sqlite"), home, command)
