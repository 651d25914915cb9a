"""Every command with arguments that nobody meant: one line, no traceback, no hang."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hostile.examples import HUGE, TEXTS, check, examples, run

from mlplab.cli import program
from mlplab.cli.program import COMMANDS
from mlplab.data import load_task

# Data sets that are made by parameters: any of them may be given anything.
MADE = ("blobs", "modular-addition", "polynomial", "sparse-linear", "spirals", "xor")

# What can be changed, and what stays: nothing that takes minutes is started.
USUAL = {
    "train xor --epochs 1 --seeds 2 --hidden 4": "--plan",
    "train xor --epochs 1 --seeds 2 --hidden 4 --lr 0.1 --activation relu": "",
    "train xor --epochs 1 --seeds 1 --optimizer adam --dropout 0.1 --json": "",
    "sweep xor --epochs 1 --seeds 2 --vary lr=0.1,0.2 --vary hidden=4,4x4": "--plan",
    "sweep xor --epochs 1 --seeds 2 --valid 0.2 --vary lr=0.1,0.2 --metric valid_loss": "",
    "sweep xor --epochs 1 --vary lr=0.01..1:log --search random --budget 3 --finalists 1": "",
    "fit train.csv --target y --types size=category --metric rmse --id id": "--plan",
    "predict model.mlplab new.csv --out out.csv": "",
    "predict model.mlplab new.csv --delimiter comma --decimal . --json": "",
    "shift detect a.npy b.npy --permutations 19 --epsilon 0.1": "",
    "shift correct a.npy --target-inputs b.npy --method ulsif --out w.csv": "",
    "graph --hidden 3 --features 2 --outputs 2 --out g.svg --loss squared": "",
    "graph --hidden 2 --features 2 --outputs 1 --values --json": "",
    "relu --function sin(x) --interval 0 1 --eps 0.1 --json": "",
    "memory --features 4 --outputs 2 --hidden 4 --runs 3 --json": "",
    "data list --json": "",
    "data fetch xor": "",
    "data verify xor": "",
    "list --json": "",
    "run 4.2.1 --profile quick --seeds 2": "--plan",
    "claims --out reports --json": "",
    "runs list --where lr=0.1 --metric train_loss --task xor --limit 3": "",
    "runs show 0 --json": "",
    "runs export --to csv --last --where hidden=4": "",
    "runs export --to parquet --out out.parquet --status finished": "",
    "store info --json": "",
    "store prune --json": "",
    "completion bash": "",
    "split xor --hidden 4 --lr 0.1": "--help",
    "bench A": "--help",
}


def options_of(words: list[str]) -> list[str]:
    """The options of the command that the words begin with."""
    command: Any = program
    context = click.Context(program)
    for word in words:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(context, word)
    return [name for param in command.params for name in param.opts if name.startswith("--")]


LISTS = ("[1]", "[1, null]", '["x"]', "[[1]]", "[1e39]", '{"1": 2}', "1e39", "-1e300", "null")


@st.composite
def argument_lists(draw: st.DrawFn) -> list[str]:
    """A usual list with some words replaced, added or left out."""
    usual = draw(st.sampled_from(sorted(USUAL)))
    words = shlex.split(usual)
    n_names = 2 if words[0] in ("data", "runs", "store", "shift") else 1
    options, stays = options_of(words), shlex.split(USUAL[usual])
    if not stays and draw(st.integers(0, 30)) == 0:
        n_names = 0
    values = TEXTS | st.sampled_from(HUGE) if "--plan" in stays else TEXTS
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(n_names, max(n_names, len(words) - 1)))
        what = draw(st.sampled_from(("replace", "add", "add", "drop")))
        if what == "add" and options:
            name = draw(st.sampled_from(options))
            words += [name] if draw(st.integers(0, 4)) == 0 else [name, draw(values)]
        elif what == "drop":
            del words[place : place + 1]
        else:
            words[place : place + 1] = [draw(values)]
    # Before the rest: a last word that wants a value would take it for one.
    return [*words[:n_names], *stays, *words[n_names:]]


@st.composite
def parameter_lists(draw: st.DrawFn) -> list[str]:
    """A plan of a data set that is given something for one of its own parameters, or for two."""
    name = draw(st.sampled_from(MADE))
    words = ["train", name, "--epochs", "1", "--plan"]
    for _ in range(draw(st.integers(1, 2))):
        parameter = draw(st.sampled_from(sorted(load_task(name).params)))
        value = draw(TEXTS | st.sampled_from([*LISTS, *(v for v in HUGE if len(v) != 8)]))
        words += ["--param", f"{parameter}={value}"]
    return words


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files for the commands to read, and a store with runs."""
    from mlplab.experiment import Experiment
    from mlplab.specs import MLP, Fit, Run
    from mlplab.store import Store
    from mlplab.tabular import fit_table, read_table

    folder = tmp_path_factory.mktemp("pristine")
    rng = np.random.default_rng(0)
    rows = [
        f"{i},{'SML'[i % 3]},{x:.3f},{x + i % 3:.3f}" for i, x in enumerate(rng.normal(size=40))
    ]
    (folder / "train.csv").write_text("\n".join(["id,size,x,y", *rows]) + "\n")
    new = [row.rpartition(",")[0] for row in rows[:9]]
    (folder / "new.csv").write_text("\n".join(["id,size,x", *new]) + "\n")
    (folder / "empty.csv").touch()
    (folder / "folder").mkdir()
    np.save(folder / "a.npy", rng.normal(size=(60, 2)))
    np.save(folder / "b.npy", rng.normal(size=(60, 2)) + 0.5)
    base = Run(net=MLP(hidden=4), fit=Fit(epochs=1))
    with Store(folder / "runs.sqlite") as store:
        Experiment("xor", base, {"lr": [0.1, 0.3]}, seeds=2, name="rates").run(store)
    table = read_table(folder / "train.csv")
    fit_table(table, target="y", minutes=0.1, configurations=1).save(folder / "model.mlplab")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLPLAB_STORE", str(folder / "runs.sqlite"))
    monkeypatch.setenv("MLPLAB_CACHE", str(tmp_path / "cache"))
    for name in ("MLPLAB_DATA", "MLPLAB_DEBUG", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return folder


def refill(folder: Path, files: Path) -> None:
    """Put the files back: commands write where they are told to."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(files, folder, dirs_exist_ok=True)


def test_every_command_is_among_them() -> None:
    assert {shlex.split(usual)[0] for usual in USUAL} == set(COMMANDS)


@pytest.mark.parametrize("usual", sorted(USUAL))
def test_a_usual_command_works(usual: str, home: Path, files: Path) -> None:
    refill(home, files)
    arguments = shlex.split(f"{usual} {USUAL[usual]}")
    result = run(*arguments)
    check(result, home, arguments)
    if "show" not in arguments:
        assert result.exit_code == 0, result.stderr


@given(arguments=argument_lists())
@examples(60)
def test_no_argument_is_a_traceback(arguments: list[str], home: Path, files: Path) -> None:
    refill(home, files)
    check(run(*arguments), home, arguments)


@given(arguments=parameter_lists())
@examples(60)
def test_no_parameter_of_a_data_set_is_a_traceback(arguments: list[str], home: Path) -> None:
    check(run(*arguments), home, arguments)
