"""Another type than was expected is one line from Python too, not an attribute that is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mlplab as ml
from mlplab.errors import MlplabError

OTHERS = (["a"], {}, 3, b"x", np.float64(2), np.zeros((2, 2)))
"""None of them a text, a folder, a claim or runs."""


@pytest.fixture(scope="module")
def experiment():
    base = ml.Run(net=ml.MLP(hidden=(4,)), fit=ml.Fit(epochs=1))
    return ml.Experiment("digits", base, {"lr": [0.1, 0.2]}, seeds=2)


@pytest.fixture(scope="module")
def runs(experiment, tmp_path_factory):
    return experiment.run(tmp_path_factory.mktemp("store") / "runs.sqlite", progress=False)


def assert_one_line(problem: pytest.ExceptionInfo[MlplabError]) -> None:
    said = str(problem.value)
    assert "\n" not in said
    assert any(word in said for word in ("; got ", "none is ", "there is no ")), said


@pytest.mark.parametrize("other", OTHERS, ids=repr)
class TestRuns:
    @pytest.mark.parametrize("ask", ["best", "effects", "values", "summary", "pairs"])
    def test_a_metric_or_claim(self, runs: ml.experiment.Runs, ask: str, other: Any) -> None:
        with pytest.raises(MlplabError) as problem:
            getattr(runs, ask)(other)
        assert_one_line(problem)

    def test_a_factor(self, runs: ml.experiment.Runs, other: Any) -> None:
        for arguments in ((other, "test_accuracy"), ("lr", other)):
            with pytest.raises(MlplabError) as problem:
                runs.compare(*arguments)
            assert_one_line(problem)

    def test_a_page(self, runs: ml.experiment.Runs, other: Any, tmp_path: Path) -> None:
        for arguments in ((other, tmp_path), (runs, other)):
            with pytest.raises(MlplabError) as problem:
                ml.report(*arguments)
            assert_one_line(problem)


@pytest.mark.parametrize("other", OTHERS, ids=repr)
class TestExperiments:
    @pytest.mark.parametrize("option", ["store", "on", "track"])
    def test_a_place(self, experiment: ml.Experiment, option: str, other: Any) -> None:
        if option == "track" and not np.size(other):
            pytest.skip("no destinations are none")
        with pytest.raises(MlplabError) as problem:
            experiment.run(**{"store": ":memory:", "progress": False, option: other})
        assert_one_line(problem)

    def test_claims(self, other: Any) -> None:
        if isinstance(other, dict):
            pytest.skip("no claims are none")
        with pytest.raises(MlplabError) as problem:
            ml.Experiment("digits", claims=other)
        assert_one_line(problem)


def test_one_claim_without_a_list_is_said() -> None:
    claim = ml.Threshold(arm={}, value=0.5, expect="higher")
    with pytest.raises(MlplabError, match="expected a list of claims"):
        ml.Experiment("digits", claims=claim)  # type: ignore[arg-type]


def test_names_of_factors_are_texts() -> None:
    with pytest.raises(MlplabError, match="expected the name of a factor, such as 'lr'; got 3"):
        ml.Experiment("digits", vary={3: [1]})  # type: ignore[dict-item]


def test_an_experiment_has_no_page_before_it_ran(experiment: ml.Experiment, tmp_path) -> None:
    with pytest.raises(MlplabError, match=r"what Experiment\.run, .* got Experiment"):
        ml.report(experiment, tmp_path)  # type: ignore[arg-type]


def test_long_values_are_cut() -> None:
    with pytest.raises(MlplabError) as problem:
        ml.Experiment("digits", vary={"lr": [0.1]}, seeds=[0.5] * 1_000_000)  # type: ignore[list-item]
    assert len(str(problem.value)) < 5000
