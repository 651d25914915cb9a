"""`mlplab relu`: certified networks from the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mlplab.theory import parse

ASKED = ("relu", "--function", "sin(3*x)", "--interval", "-2", "2", "--eps", "0.01")


def test_the_network_written_keeps_what_the_document_promises(invoke, tmp_path):
    out = tmp_path / "net.json"
    result = invoke(*ASKED, "--json", "--out", str(out))
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["measured_error"] <= found["certified_error"] <= 0.01
    assert found["units"] < found["units_of_even_segments"] < found["units_of_two_per_piece"]
    (hidden, last) = json.loads(out.read_text())["layers"]
    x = np.linspace(-2, 2, 5001)
    h = np.maximum(x[:, None] @ np.array(hidden["weight"]).T + hidden["bias"], 0)
    y = h @ np.array(last["weight"]).T + last["bias"]
    assert np.abs(y[:, 0] - parse("sin(3*x)")(x)).max() <= found["certified_error"]


def test_lines_for_people(invoke):
    result = invoke(*ASKED)
    assert "hidden ReLU units" in result.stdout
    assert "certified (0.01 allowed)" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--function", "open('x')", "--interval", "0", "1", "--eps", "0.1"), "is not allowed"),
        (("--function", "x", "--interval", "1", "0", "--eps", "0.1"), "the smaller first"),
        (("--function", "x", "--interval", "0", "1", "--eps", "-1"), "above 0; got -1"),
        (("--function", "1/x", "--interval", "-1", "1", "--eps", "1"), "no bounded slope"),
        ((*ASKED[1:], "--out", f"{__file__}/net.json"), "cannot be written"),
    ],
)
def test_mistakes_get_one_line(words, message, invoke):
    result = invoke("relu", *words)
    assert result.exit_code in (1, 2)
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
