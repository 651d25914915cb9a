"""Pages on the vocabulary: current, complete, and true where they can be run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest

import mlplab as ml
from mlplab.cli.reference.vocabulary import FOLDER, INDEX, described, pages
from mlplab.specs import MLP, OPTIMISERS, Fit
from mlplab.specs.activation import ACTIVATION_FORMS
from mlplab.specs.init import INIT_FORMS
from mlplab.specs.schedule import SCHEDULE_FORMS
from mlplab.specs.vocabulary import GROUPS, Group, Word

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
WORDS = [(group, word) for group in GROUPS for word in group.words]
NUMBER = re.compile(r"-?\d+\.\d")
of_every_word = pytest.mark.parametrize(
    ("group", "word"), WORDS, ids=[f"{group.name}-{word.name}" for group, word in WORDS]
)


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return pages()


def python_of(text: str) -> str:
    (block,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    return block


def test_the_pages_are_current(made: dict[str, str]) -> None:
    kept = {path.relative_to(DOCS).as_posix() for path in (DOCS / FOLDER).rglob("*.*")}
    assert kept | {INDEX} == made.keys(), "python -m mlplab.cli.reference docs"
    for name, text in made.items():
        there = (DOCS / name).read_text(encoding="utf-8")
        if name.endswith(".svg"):
            # The last digit of a pixel's tenth may differ between processors.
            assert NUMBER.sub("", there) == NUMBER.sub("", text), name
            numbers = [[float(one) for one in NUMBER.findall(part)] for part in (there, text)]
            assert numbers[0] == pytest.approx(numbers[1], abs=0.15), name
        else:
            assert there == text, f"{name}: python -m mlplab.cli.reference docs"


def named() -> Iterator[tuple[str, set[str]]]:
    yield "activations", set(ACTIVATION_FORMS)
    yield "initialisations", set(INIT_FORMS)
    yield "schedules", set(SCHEDULE_FORMS)
    yield "norms", set(get_args(MLP.model_fields["norm"].annotation)) - {"none"}
    yield "losses", set(get_args(Fit.model_fields["loss"].annotation)) - {"auto"}
    yield "optimisers", {*OPTIMISERS, "momentum", "nesterov", "clip-norm", "clip-value"}
    yield "noises", set(get_args(MLP.model_fields["noise"].annotation)) - {"none"}
    changes = {"input-noise", "mixup", "image-moves", "label-noise"}
    ends = {"early-stopping", "rewind"}
    yield "training", {*ends, "weight-averaging", "residual", "dropout", *changes}


def test_everything_a_run_can_name_has_a_page() -> None:
    assert {group.name: {word.name for word in group.words} for group in GROUPS} == dict(named())


@of_every_word
def test_python_and_flags_say_the_same_and_it_trains(
    group: Group, word: Word, made: dict[str, str]
) -> None:
    room: dict = {}
    exec(compile(python_of(made[f"{FOLDER}/{group.name}/{word.name}.md"]), word.name, "exec"), room)
    told = described(word)
    base = room["experiment"].base
    assert base.replace(task=None) == told.base
    assert base != ml.Run() or word.name in ("he", "sgd", "relu", "constant")
    assert room["experiment"].data.valid == told.valid
    short = base.with_value("fit.epochs", 2).with_value("rows", ml.First(n=64))
    short = short.with_value("fit.batch_size", 32).with_value("task", None)
    runs = ml.Experiment(room["experiment"].data, short, seeds=1).run(":memory:", workers=1)
    assert runs.frame(last=True)["status"].tolist() == ["finished"]


@of_every_word
def test_the_word_is_what_the_flags_ask_for(group: Group, word: Word) -> None:
    run = described(word).base
    found = {
        "activations": run.net.activation.partition(":")[0],
        "initialisations": run.net.init.kind,
        "schedules": "warmup" if run.optim.schedule.warmup else run.optim.schedule.kind,
        "norms": run.net.norm,
        "noises": run.net.noise,
        "losses": run.fit.loss,
        "optimisers": run.optim.kind,
    }
    if word.name in ("momentum", "nesterov"):
        assert run.optim.momentum
        assert run.optim.nesterov == (word.name == "nesterov")
    elif word.name.startswith("clip"):
        assert run.value(f"optim.{word.name.replace('-', '_')}")
    elif group.name != "training":
        assert found[group.name] == word.name


@of_every_word
def test_what_it_is_checked_by_is_there(group: Group, word: Word) -> None:
    files = re.findall(r"`(tests/[\w/]+\.py)`", word.checked)
    assert files
    for file in files:
        assert (ROOT / file).exists(), file


def test_graphs_are_small_and_well_formed(made: dict[str, str]) -> None:
    graphs = {name: text for name, text in made.items() if name.endswith(".svg")}
    assert len(graphs) == sum(bool(word.curve) for _, word in WORDS) > 20
    for name, text in graphs.items():
        assert len(text) < 4000, name
        assert "data:" not in text
        assert ElementTree.fromstring(text).tag.endswith("svg")
        assert "NaN" not in text
        assert "nan" not in text


def test_settings_are_free_or_fixed_as_the_engine_has_it(made: dict[str, str]) -> None:
    def said(page: str, setting: str) -> str:
        text = made[f"{FOLDER}/{page}.md"]
        (row,) = re.findall(rf"^\| {re.escape(setting)} \|.*\| (per \w+) \|$", text, re.MULTILINE)
        return str(row)

    for page, setting in [
        ("optimisers/adam", "betas"), ("initialisations/he", "scale"),
        ("schedules/step", "GAMMA"), ("training/dropout", "dropout (p), one per layer"),
        ("losses/cross-entropy", "label_smoothing, above 0"),
    ]:  # fmt: skip
        assert said(page, setting) == "per run"
    for page, setting in [
        ("activations/relu", "`net.activation`"), ("losses/huber", "huber_delta"),
        ("optimisers/momentum", "whether there is any"), ("norms/batch", "`net.norm`"),
    ]:  # fmt: skip
        assert said(page, setting) == "per program"
