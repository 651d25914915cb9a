"""What README says of the commands' options holds for every command, and is the same everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from mlplab.cli.program import NAME, program
from mlplab.cli.reference.commands import commands

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
EVERY = dict(commands(program, click.Context(program, info_name=NAME)))


def options_of(name: str) -> dict[str, click.Option]:
    """A command's options by their names."""
    params = [param for param in EVERY[name].params if isinstance(param, click.Option)]
    return {option: param for param in params for option in param.opts}


def promise(beginning: str) -> tuple[list[str], list[str]]:
    """The commands and the options, in backticks, of README's sentence that begins so."""
    (sentence,) = re.findall(rf"{beginning}(?:[^.]|\.(?=\w))*", README)
    words = re.findall(r"`([\w-]+)[^`]*`", sentence)
    names = [word for word in words if not word.startswith("--")]
    owners = [path for path in EVERY for name in names if path.split()[0] == name]
    assert {path.split()[0] for path in owners} == set(names)
    return owners, [word for word in words if word.startswith("--")]


TRAIN, LOAD = promise("Those that train, "), promise("Those that take data sets by name, ")
PROMISES = [
    (name, option) for names, options in (TRAIN, LOAD) for name in names for option in options
]
SEEDS = {"--seed", "--seeds"}  # README says "or"


@pytest.mark.parametrize(("name", "option"), PROMISES)
def test_readme_keeps_its_word(name, option):
    assert (SEEDS if option in SEEDS else {option}) & set(options_of(name))


def test_what_trains_is_what_readme_names():
    assert len(PROMISES) > 30
    with_a_device = {name for name in EVERY if "--device" in options_of(name)}
    assert with_a_device == {*TRAIN[0], "split"}  # whose options README names apart
    assert {name for name in EVERY if "--import" in options_of(name)} == set(LOAD[0])


@pytest.mark.parametrize("name", [name for name in EVERY if name != "completion"])
def test_results_can_be_had_as_a_document(name):
    assert options_of(name)["--json"].is_flag


def test_an_option_is_the_same_wherever_it_is():
    seen: dict[str, tuple[object, ...]] = {}
    for name in EVERY:
        for option, param in options_of(name).items():
            if option not in ("--json", "--store", "--device", "--plan", "--quiet", "--import"):
                continue
            kind = (param.is_flag, param.metavar, param.multiple, param.default)
            assert seen.setdefault(option, kind) == kind, f"{name} {option}"
    assert len(seen) == 6
