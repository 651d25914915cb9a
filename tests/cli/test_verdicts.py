"""A verdict's lines on the command line."""

import pytest

from mlplab.cli.verdicts import write_verdict

ON_TEST_SET = {
    "verdict": "supported",
    "says": "A > B",
    "effect": 0.012,
    "interval": [0.01, 0.014],
    "new_examples": [-0.002, 0.022],
    "n_seeds": 8,
}
ON_NEW = ON_TEST_SET | {
    "scope": "new examples",
    "interval": [-0.002, 0.022],
    "this_test_set": [0.01, 0.014],
}


@pytest.mark.parametrize(
    ("verdict", "line"),
    [
        (ON_TEST_SET, "on new examples [-0.0020, +0.0220]"),
        (ON_NEW, "new examples decide; on this test set [+0.0100, +0.0140]"),
    ],
)
def test_both_intervals_are_written(verdict, line, capsys):
    write_verdict(verdict)
    lines = capsys.readouterr().out.splitlines()
    assert [one.strip() for one in lines[2:]] == [line]


def test_old_verdicts_have_one(capsys):
    write_verdict({name: ON_TEST_SET[name] for name in ("verdict", "says", "effect", "interval")})
    assert "new examples" not in capsys.readouterr().out
