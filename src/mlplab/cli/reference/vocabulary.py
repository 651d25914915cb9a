"""A page for each word of the vocabulary, written from the specs and the engine."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

import click
from pydantic.fields import FieldInfo

from mlplab.cli.base_run import Described, read_flags
from mlplab.cli.flags import default_of, shown
from mlplab.cli.program import NAME, program
from mlplab.cli.reference.graph import Line, graph
from mlplab.cli.values import read_field
from mlplab.specs import MLP, OPTIMISERS, Fit, Run, Spec, get_path
from mlplab.specs.activation import activation_settings
from mlplab.specs.vocabulary import GROUPS, Group, Varied, Word

INDEX = "vocabulary.md"
FOLDER = "vocabulary"
_DATA = "digits"
_EPOCHS, _STEPS = 10, 20
# A loss that falls for three epochs and then stays, for the schedule that looks at it.
_STALLS = (1.0, 0.5, 0.3, *[0.3] * 7)

_HEAD = """# The vocabulary of networks and training

What a `Run` can say, and what is meant by it: a page for each word, written from the code by
`make docs`. All flags with their defaults are in [cli.md](cli.md).

Every page says which settings may differ between the runs of one stack at no cost (**per run**),
and which make another program (**per program**): both are found by compiling two runs that differ
in nothing else. Each backward pass is written by hand and tested against autograd; optimisers
that torch has are tested against `torch.optim`, step for step in double precision.
"""
_FOOT = """## Your own

An activation, an initialisation, a schedule or an optimiser is one small function: see
[CONTRIBUTING.md](../CONTRIBUTING.md#bring-your-own-activation-initialisation-schedule-or-optimiser).
"""


def pages() -> dict[str, str]:
    """Return every file by its path below `docs`: the index, a page per word, and the graphs."""
    files = {INDEX: _index()}
    for group in GROUPS:
        for word in group.words:
            folder = f"{FOLDER}/{group.name}"
            files[f"{folder}/{word.name}.md"] = _page(group, word)
            if word.curve:
                files[f"{folder}/{word.name}.svg"] = _graph(word)
    return files


def described(word: Word) -> Described:
    """Return what a word's flags say of a run, as `mlplab train` reads them."""
    return read_flags(_texts(word))


def _texts(word: Word) -> dict[str, Any]:
    command = program.get_command(click.Context(program, info_name=NAME), "train")
    assert command is not None
    return dict(command.make_context("train", [_DATA, *shlex.split(word.flags)]).params)


def _index() -> str:
    parts = [_HEAD]
    for group in GROUPS:
        parts += [
            f"## {group.title}\n",
            *_if(group.says),
            "| word | on the command line | |",
            "|---|---|---|",
        ]
        for word in group.words:
            link = f"[{word.title}]({FOLDER}/{group.name}/{word.name}.md)"
            parts.append(f"| {link} | `{word.flags}` | {word.says} |")
        parts.append("")
    return "\n".join([*parts, _FOOT])


def _page(group: Group, word: Word) -> str:
    parts = [f"# {word.title}\n", f"{word.says}\n", *_if(group.says), f"$$\n{word.formula}\n$$\n"]
    if word.then:
        parts += [f"{group.then}:\n", f"$$\n{word.then}\n$$\n"]
    if word.curve:
        parts.append(f"![{_says_graph(word)}]({word.name}.svg)\n")
    parts += [
        *_if(word.remarks),
        f"```bash\n{NAME} train {_DATA} {word.flags}\n```\n",
        f"```python\n{_python(word)}\n```\n",
        *_settings(group, word),
        f"Trained in: {_path(word)}.\n",
    ]
    stop = "" if word.source.endswith("?") else "."
    parts += _if(word.source and f"Source: {word.source}{stop}")
    back = f"[All words](../../{INDEX})"
    parts += [f"Checked: {word.checked}\n", f"{back}. Written from the code by `make docs`.\n"]
    return "\n".join(parts)


def _if(text: str) -> list[str]:
    """A paragraph, if there is anything to say."""
    return [f"{text}\n"] if text else []


def _python(word: Word) -> str:
    """The Python that says what the flags say."""
    texts = _texts(word)
    kind = texts["optimizer"]
    optimiser = OPTIMISERS[kind] if kind else type(default_of(Run.model_fields["optim"]))
    parts = []
    for name, spec in (("net", MLP), ("optim", optimiser), ("fit", Fit)):
        given = ", ".join(
            f"{field}={_literal(read_field(info.annotation, texts[field]))}"
            for field, info in spec.model_fields.items()
            if field != "kind" and texts.get(field) is not None
        )
        if given:
            parts.append(f"{name}=ml.{spec.__name__}({given})")
    valid = texts.get("valid")
    task = f'ml.load_task("{_DATA}", valid={valid})' if valid else f'"{_DATA}"'
    run = f"run = ml.Run({', '.join(parts)})"
    return f"import mlplab as ml\n\n{run}\nexperiment = ml.Experiment({task}, run, seeds=8)"


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return {"true": "True", "false": "False"}.get(value, json.dumps(value))
    return repr(value)


def _settings(group: Group, word: Word) -> Iterator[str]:
    """The table of settings, each with its default and whether runs of a stack may differ in it."""
    base = described(word).base
    yield from ("| setting | default | | |", "|---|---|---|---|")
    if group.choice is not None:
        path = group.choice.path
        # Smoothing asks for cross-entropy; which loss it is can be varied without.
        plain = base.with_value("fit.label_smoothing", 0.0)
        free = _free(_may_differ(plain, group.choice))
        yield f"| `{path}` | `{shown(get_path(Run(), path))}` | which one | {free} |"
    for varied in word.varied:
        name = varied.name or varied.path.rpartition(".")[2]
        says = varied.says or _field(base, varied.path).description
        free = _free(_may_differ(base, varied))
        yield f"| {name} | {_default(base, word, varied)} | {says} | {free} |"
    yield ""


def _path(word: Word) -> str:
    """How this run trains, wherever compiled loops are built."""
    from mlplab.data import load_task
    from mlplab.engine.native.coverage import outside, path_of

    return path_of(outside(described(word).base, load_task(_DATA)))


def _default(base: Run, word: Word, varied: Varied) -> str:
    """A setting's default as it is typed; nothing where the setting is a question."""
    if varied.name.startswith("whether") or varied.path == "net.init":
        return ""
    if varied.path == "net.activation":
        _, settings = activation_settings(word.name)
        return f"`{shown(settings[varied.name.split()[0].lower()])}`"
    return f"`{shown(default_of(_field(base, varied.path)))}`"


def _free(free: bool) -> str:
    return "per run" if free else "per program"


def _may_differ(base: Run, varied: Varied) -> bool:
    """Whether runs that differ in this alone compile to one program."""
    from mlplab.data import load_task
    from mlplab.engine import program_of

    task = load_task(_DATA, valid=0.1)
    split = task.split(0, base.rows)
    sizes = len(split.train), len(split.valid)
    one, other = (base.with_value(varied.path, value) for value in (varied.one, varied.other))
    return program_of(one, task, *sizes) == program_of(other, task, *sizes)


def _field(base: Run, path: str) -> FieldInfo:
    outer, _, name = path.rpartition(".")
    owner: Spec = get_path(base, outer)
    return type(owner).model_fields[name]


def _says_graph(word: Word) -> str:
    return {
        "activation": f"{word.title} and its derivative",
        "loss": f"{word.title}: loss and derivative",
        "schedule": f"{word.title}: the factor over ten epochs",
        None: "",
    }[word.curve]


def _graph(word: Word) -> str:
    base = described(word).base
    if word.curve == "activation":
        assert isinstance(base.net, MLP)
        lines, x_title = _activation_lines(base.net.activation), "z"
    elif word.curve == "loss":
        lines, x_title = _loss_lines(base.fit)
    else:
        lines, x_title = _schedule_lines(base), "epoch"
    return graph(_says_graph(word), lines, x_title)


def _activation_lines(text: str) -> list[Line]:
    import torch

    from mlplab.theory.differentiable import differentiable

    # An even number of points: none falls on a corner at 0.
    z = torch.linspace(-4, 4, 160, dtype=torch.float64).requires_grad_()
    h = differentiable(text)(z)
    (slope,) = torch.autograd.grad(h.sum(), z)
    return [Line("h", z.tolist(), h.tolist()), Line("derivative", z.tolist(), slope.tolist())]


def _loss_lines(fit: Fit) -> tuple[list[Line], str]:
    import torch

    from mlplab.engine.losses import SmoothedCrossEntropy, loss_of

    x = torch.linspace(-4, 4, 160, dtype=torch.float64)
    weight = torch.ones(1, 1, len(x), dtype=torch.float64)
    if fit.loss == "cross-entropy":
        made, x_title = SmoothedCrossEntropy(2, torch.float64), "lead of the true class's output"
        made.begin_epoch([fit.label_smoothing])
        z = torch.stack([x, torch.zeros_like(x)])[None]
        target = torch.tensor([1.0, 0.0], dtype=torch.float64).view(1, 2, 1).expand_as(z)
    else:
        made = loss_of(fit.loss, 1, torch.float64, fit.huber_delta)  # type: ignore[assignment]
        x_title, z = "r", x.clone().view(1, 1, -1)
        target = torch.zeros_like(z)
    loss = made.judge(z, target).loss[0].tolist()
    slope = made.delta(z, target, weight)[0, 0].tolist()
    return [Line("loss", x.tolist(), loss), Line("derivative", x.tolist(), slope)], x_title


def _schedule_lines(base: Run) -> list[Line]:
    x: list[float] = []
    y: list[float] = []
    schedule = base.optim.schedule
    for epoch in range(_EPOCHS):
        factors = schedule.factors(epoch, _EPOCHS, _STEPS, _STALLS[:epoch])
        if schedule.is_stepwise:
            x += [epoch + (step + 0.5) / _STEPS for step in range(_STEPS)]
            y += factors
        else:
            x += [epoch, epoch + 1]
            y += [factors[0], factors[-1]]
    return [Line("factor of lr", x, y)]
