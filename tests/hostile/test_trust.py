"""What files from others cannot do: run code, leave their folder, or fill the memory."""

from __future__ import annotations

import ast
import gzip
import os
import pickle
import sqlite3
import struct
import zipfile
import zlib
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from tests.hostile.examples import check, run

import mlplab
from mlplab import MLPClassifier
from mlplab.data.idx import read_idx
from mlplab.errors import ConfigError, DataError, StoreError
from mlplab.experiment import Experiment
from mlplab.shift import image_folder
from mlplab.shift.images.decode import read_image
from mlplab.specs import MLP, Fit, Run
from mlplab.store import Store
from mlplab.store.packing import unpack
from mlplab.tabular.model_files import load_table_model
from mlplab.theory.expression import parse

SOURCE = Path(mlplab.__file__).parent

# Between a process and the children that it started, through pipes that nobody else holds.
PIPES = {
    "execute/frames.py",
    "execute/brought.py",
    "theory/memory/measured.py",
    "execute/worker.py",
}
# Tensors alone, of files whose SHA-256 is checked first.
CHECKED = {"shift/features/pretrained.py", "shift/features/torchvision_network.py"}
RUNS_CODE = {"eval", "exec", "compile", "sympify", "parse_expr", "lambdify", "literal_eval"}
LOADS_CODE = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "yaml"}


def calls(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    """Every call of a name or attribute, by its last part; `re.compile` is no `compile`."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                found.append((node.func.id, node))
            elif isinstance(node.func, ast.Attribute):
                found.append((ast.unparse(node.func), node))
    return found


def test_nothing_that_is_read_is_executed() -> None:
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert_runs_nothing(path.relative_to(SOURCE).as_posix(), tree)


def assert_runs_nothing(name: str, tree: ast.AST) -> None:
    modules = {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    modules |= {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    if name not in PIPES:
        assert not {module.partition(".")[0] for module in modules} & LOADS_CODE
    for called, call in calls(tree):
        given = {word.arg: ast.unparse(word.value) for word in call.keywords}
        assert called not in RUNS_CODE, (name, called)
        last = called.rpartition(".")[2]
        assert last not in ("extractall", "read_pickle", "sympify"), (name, called)
        assert called not in ("joblib.load", "tarfile.open"), (name, called)
        assert given.get("shell") != "True"
        if called in ("np.load", "numpy.load"):
            assert given.get("allow_pickle") == "False"
        if called == "torch.load":
            assert given.get("weights_only") == "True"
            assert name in CHECKED
        if called.endswith((".bind", "HTTPServer", "ThreadingHTTPServer")):
            assert "127.0.0.1" in ast.unparse(call)


# What these write is the user's own table, a program for the shell, help, and escaped already.
WRITES_AS_IT_IS = {
    "cli/commands/completion.py",
    "cli/commands/predict.py",
    "cli/documents.py",
    "cli/program.py",
    "cli/screen.py",
}


def test_whatever_commands_write_is_made_printable() -> None:
    for path in sorted((SOURCE / "cli").rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        for called, call in calls(ast.parse(path.read_text(encoding="utf-8"))):
            if called in ("click.echo", "print") and call.args and name not in WRITES_AS_IT_IS:
                assert ast.unparse(call.args[0]).startswith(("printable(", "_SAYS")), (name, called)


class Planted:
    """What makes a folder when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("planted",)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLPLAB_STORE", str(tmp_path / "own.sqlite"))
    monkeypatch.delenv("MLPLAB_DEBUG", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    "name", ["a.npy", "t.csv", "t.parquet", "m.mlplab", "classifier", "s.sqlite"]
)
def test_no_pickle_is_loaded_whatever_it_calls_itself(name: str, home: Path) -> None:
    if name == "a.npy":
        np.save(home / name, np.array([Planted()], dtype=object), allow_pickle=True)
    else:
        (home / name).write_bytes(pickle.dumps(Planted()))
    np.save(home / "b.npy", np.zeros((30, 2)))
    for command in (
        ("shift", "detect", name, "b.npy"),
        ("fit", name, "--target", "y", "--plan"),
        ("predict", name, "b.npy"),
        ("runs", "--store", name),
    ):
        result = run(*command)
        check(result, home, command)
        assert result.exit_code in (1, 2), command
    with pytest.raises(DataError):
        MLPClassifier.load(home / name)
    assert not (home / "planted").exists()


def test_bombs_are_refused_before_they_go_off(home: Path) -> None:
    zeros = bytes(2**26)
    with zipfile.ZipFile(home / "m.mlplab", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.json", b" " * 2**26)
        archive.writestr("arrays.safetensors", zeros)
    with pytest.raises(DataError, match="bytes are too many"):
        load_table_model(home / "m.mlplab")
    # Headers that claim what is not there.
    for size in (2**63, 2**40, 2**31):
        (home / "e").write_bytes(struct.pack("<Q", size) + b"{}" * 100)
        with pytest.raises(DataError):
            MLPClassifier.load(home / "e")
    head = b'{"t":{"dtype":"F64","shape":[1099511627776],"data_offsets":[0,8796093022208]}}'
    (home / "e").write_bytes(struct.pack("<Q", len(head)) + head)
    with pytest.raises(DataError):
        MLPClassifier.load(home / "e")


def test_what_unpacks_beyond_measure_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlplab.data.idx._MOST_BYTES", 2**20)
    monkeypatch.setattr("mlplab.store.packing.MOST_BYTES", 2**20)
    (home / "images").write_bytes(gzip.compress(bytes(2**22)))
    with pytest.raises(DataError, match="unpacks to more than"):
        read_idx(home / "images")
    with pytest.raises(ValueError, match="of more than"):
        unpack(b"Z" + zlib.compress(bytes(2**22)))


@pytest.mark.parametrize(
    "shape", [(2**32 - 1, 2**32 - 1), (65536, 131072, 2**30, 0), (1,) * 255, (0,) * 70]
)
def test_idx_sizes_that_lie_are_one_line(shape: tuple[int, ...], home: Path) -> None:
    body = bytes(1 if 0 not in shape else 0)
    head = struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)
    (home / "images").write_bytes(head + body)
    with pytest.raises(DataError, match="images"):
        read_idx(home / "images")


def test_an_image_that_claims_a_wall_is_refused(home: Path) -> None:
    pytest.importorskip("PIL")

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes(2**22), 9)) + chunk(b"IEND", b"")
    (home / "wall.png").write_bytes(b"\x89PNG\r\n\x1a\n" + head + rows)
    with pytest.raises(DataError, match="exceeds limit"):
        read_image(home / "wall.png")


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_links_lead_nowhere_outside_a_folder_of_images(home: Path) -> None:
    (home / "private").mkdir()
    (home / "private" / "me.png").touch()
    folder = home / "pets"
    (folder / "cats").mkdir(parents=True)
    (folder / "cats" / "1.png").touch()
    (folder / "cats" / "2.png").symlink_to("1.png")  # inside: as good as a file
    assert len(image_folder(folder)) == 2
    (folder / "cats" / "3.png").symlink_to(home / "private" / "me.png")
    with pytest.raises(DataError, match="a link to what lies outside"):
        image_folder(folder)
    (folder / "cats" / "3.png").unlink()
    (folder / "dogs").symlink_to(home / "private")
    with pytest.raises(DataError, match="a link to what lies outside"):
        image_folder(folder)
    (home / "way").symlink_to(home / "private")  # the folder itself may be one: it was named
    assert len(image_folder(home / "way")) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON mlplab_looks BEGIN DELETE FROM mlplab_outcomes; END",
        "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT i FROM n",
    ],
)
def test_a_store_with_a_program_in_it_is_refused(statement: str, home: Path) -> None:
    base = Run(net=MLP(hidden=2), fit=Fit(epochs=1))
    with Store(home / "their.sqlite") as store:
        Experiment("xor", base, seeds=1).run(store, progress=False)
    with closing(sqlite3.connect(home / "their.sqlite")) as connection, connection:
        connection.execute(statement)
    with pytest.raises(StoreError, match=r"has a (trigger|view) '[tv]', which no mlplab makes"):
        Store(home / "their.sqlite")
    result = run("runs", "--store", "their.sqlite")
    check(result, home)
    assert result.exit_code == 1


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE mlplab_outcomes; --", 'x" OR "1"="1', "%", "_", "a\x1b[31m", "\u202ex"]
)
def test_names_are_data_to_the_store(name: str, home: Path) -> None:
    base = Run(net=MLP(hidden=2), fit=Fit(epochs=1))
    with Store(home / "own.sqlite") as store:
        Experiment("xor", base, seeds=2, name="other").run(store, progress=False)
        runs = Experiment("xor", base, seeds=[5], name=name).run(store, progress=False)
        assert store.verdicts(name) == []
    result = run("runs", "--experiment", name, "--json")
    assert result.exit_code == 0, result.stderr
    (key,) = runs.outcomes
    assert key in result.stdout
    shown = run("runs", "show", key)
    check(shown, home)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "x.__class__",
        "(lambda: 1)()",
        "open('/etc/passwd')",
        "9**9**9**9**9",
        "(" * 100_000 + "x" + ")" * 100_000,
        "-" * 100_000 + "x",
        "sin(" * 5_000 + "x",
    ],
)
def test_expressions_are_parsed_and_never_evaluated_as_code(text: str) -> None:
    try:
        parse(text)
    except ConfigError as refusal:
        assert len(str(refusal)) < 1000  # noqa: PT017


def test_cells_that_are_formulas_come_back_as_they_were(home: Path) -> None:
    """A submission's labels must be the table's own; SECURITY.md says how to open such a file."""
    from mlplab.tabular import fit_table, read_table

    labels = ['=cmd|"/c calc"!A1', "+1+1", "@SUM(1)"]
    rows = [f'{i % 7},"{labels[i % 3].replace(chr(34), chr(34) * 2)}"' for i in range(60)]
    (home / "t.csv").write_text("\n".join(["x,y", *rows]) + "\n")
    table = read_table(home / "t.csv")
    model = fit_table(table, target="y", minutes=0.1, configurations=1, progress=False)
    assert set(model.classes) == set(labels)
