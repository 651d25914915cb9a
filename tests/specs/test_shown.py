"""Specs in a console and in a notebook: what differs from the defaults, short, and exact."""

from __future__ import annotations

from typing import Any

import pytest

import mlplab as ml
from mlplab import specs
from mlplab.specs import Verdict, Verdicts
from mlplab.specs.base import whole_repr
from mlplab.specs.series import Series

SPECS = [
    ml.Run(),
    ml.Run(net=ml.MLP(hidden=(8, 4)), optim=ml.Adam(lr=0.1, schedule="cosine"), seed=3),
    ml.Run(rows=ml.Fold(index=2), fit=ml.Fit(epochs=3, measures=("accuracy",))),
    ml.SGD(),
    ml.Init(kind="normal", scale=0.01),
    ml.Range(low=0.001, high=1, log=True),
    ml.Threshold(says="a 'b'", arm={"lr": 0.1}, value=0.9, expect="higher"),
    ml.Chain(says="c", arms=({"lr": 1}, {"lr": 2})),
]


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_the_repr_makes_the_spec(spec: Any) -> None:
    names = {**vars(specs), "Range": ml.Range}
    assert eval(repr(spec), names) == spec
    assert eval(whole_repr(spec), names) == spec
    assert str(spec) == repr(spec)
    assert "\n" not in repr(spec)


def test_defaults_go_without_saying() -> None:
    assert repr(ml.Run()) == "Run()"
    assert repr(ml.Run(optim=ml.SGD(lr=0.3))) == "Run(optim=SGD(lr=0.3))"
    assert whole_repr((ml.First(n=3), {"a": 1})) == "(First(kind='first', n=3), {'a': 1})"


def test_long_fields_are_cut() -> None:
    text = repr(ml.MLP(hidden=tuple(range(1, 101))))
    assert text == "MLP(hidden=(1, 2, 3, 4, 5, 6, 7, 8, ... 92 more))"
    assert repr(Series(range(1000))).endswith(", 7.0, ... 992 more)")


def test_a_notebook_shows_every_field() -> None:
    run = ml.Run(optim=ml.Adam(lr=0.125))
    shown, folded = run._repr_html_().split("<details>")
    assert "optim.lr" in shown
    assert "0.125" in shown
    assert ">Adam<" in shown
    for name in ("net.hidden", "fit.epochs", "optim.schedule.kind", "rows.kind", "seed"):
        assert name not in shown
        assert name in folded
    assert "<details open>" in ml.Run()._repr_html_()


def verdict(says: str, **more: Any) -> Verdict:
    return Verdict(id="a", says=says, verdict="supported", n_seeds=8, **more)


def test_verdicts_are_a_tuple_that_is_a_table() -> None:
    link = verdict("A > B", effect=0.0123, interval=(0.004, 0.0206), level=0.975)
    both = Verdicts([link, verdict("<chain>", parts=(link, link), details={"x": ["y"] * 500})])
    assert both == tuple(both)
    assert repr(both).splitlines() == [
        "(Verdict('A > B': supported, +0.0123 [0.004, 0.0206], 8 seeds),",
        " Verdict('<chain>': supported, 8 seeds))",
    ]
    assert repr(Verdicts([link])) == f"({link!r},)"
    assert repr(Verdicts()) == "()"
    text = both._repr_html_()
    assert text.count("A &gt; B") == 3
    assert "&lt;chain&gt;" in text
    assert "Intervals of level 97.5 %." in text
    assert link._repr_html_() == Verdicts([link])._repr_html_()


def test_many_verdicts_are_cut() -> None:
    many = Verdicts([verdict(f"claim {n}") for n in range(100)])
    assert repr(many).endswith(",\n ... 80 more)")
    assert "... 80 more" in many._repr_html_()
