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


class TestSettings:
    @pytest.mark.parametrize(
        ("option", "value", "says"),
        [
            ("workers", "2", "workers: expected a whole number"),
            ("workers", 1.5, "workers: expected a whole number"),
            ("workers", float("nan"), "workers: expected a whole number"),
            ("workers", True, "workers: expected a whole number"),
            ("workers", np.ones(2), "workers: expected a whole number"),
            ("device", np.ones(2), "device: expected cpu"),
            ("backend", True, "backend: expected a Backend"),
            ("keep_weights", b"x", "keep_weights: expected True, False or 'new'"),
            ("keep_weights", float("nan"), "keep_weights: expected True, False or 'new'"),
            ("keep_weights", np.ones(2), "keep_weights: expected True, False or 'new'"),
            ("until_decided", np.ones(2), "until_decided: expected True or False"),
            ("purpose", b"thesis", "purpose: expected some text"),
            ("purpose", None, "purpose: expected some text"),
            ("purpose", "\udcff", "purpose: expected text that UTF-8 can write"),
        ],
    )
    def test_of_a_run(self, experiment: ml.Experiment, option: str, value: Any, says: str) -> None:
        with pytest.raises(MlplabError, match=says) as problem:
            experiment.run(**{"store": ":memory:", "progress": False, option: value})
        assert_one_line(problem)

    def test_of_a_plan(self, experiment: ml.Experiment) -> None:
        with pytest.raises(
            MlplabError, match="device: expected one of cpu, cuda, mps; got 'nonsense'"
        ):
            experiment.plan(":memory:", device="nonsense")
        with pytest.raises(MlplabError, match="keep_weights: expected True"):
            experiment.plan(":memory:", keep_weights="no")  # type: ignore[arg-type]

    def test_of_a_choice(self, runs: ml.experiment.Runs) -> None:
        with pytest.raises(MlplabError, match="higher_is_better: expected True or False"):
            runs.best("train_loss", higher_is_better="no")  # type: ignore[arg-type]
        assert runs.best("train_loss", matters=10**30).arm in runs.arms

    @pytest.mark.parametrize("matters", [None, "0.1", True, -1, float("nan")])
    def test_of_what_matters(self, runs: ml.experiment.Runs, matters: Any, tmp_path: Path) -> None:
        with pytest.raises(MlplabError, match="matters: expected a finite number above 0"):
            runs.compare("lr", "train_loss", matters)
        if matters is not None:
            with pytest.raises(MlplabError, match="matters: expected a finite number above 0"):
                ml.report(runs, tmp_path, matters=matters)

    def test_of_a_page(self, runs: ml.experiment.Runs, tmp_path: Path) -> None:
        with pytest.raises(MlplabError, match="title: expected a text"):
            ml.report(runs, tmp_path, title=True)  # type: ignore[arg-type]

    def test_of_weights(self, runs: ml.experiment.Runs) -> None:
        with pytest.raises(MlplabError, match="seed: expected a whole number"):
            runs.weights("lr=0.1", [0, 1])  # type: ignore[arg-type]


def test_arms_are_named_by_labels_wherever_they_are_asked_for(runs: ml.experiment.Runs) -> None:
    expected = runs.values("train_loss", [runs.arms[1]])
    np.testing.assert_array_equal(runs.values("train_loss", ["lr=0.2"]), expected)
    np.testing.assert_array_equal(runs.values("train_loss", [{"lr": 0.2}]), expected)


def test_bytes_are_no_list_of_numbers() -> None:
    with pytest.raises(MlplabError, match="seeds: expected a number"):
        ml.Experiment("digits", seeds=b"42")  # type: ignore[arg-type]
    with pytest.raises(MlplabError, match="'lr' expects a list of values"):
        ml.Experiment("digits", vary={"lr": b"\x01"})  # type: ignore[dict-item]


def test_arrays_are_values_of_factors() -> None:
    widths = [np.array([4, 4]), np.array([8])]
    experiment = ml.Experiment("digits", vary={"hidden": widths}, seeds=1)  # type: ignore[dict-item]
    assert [arm.run.net.hidden for arm in experiment.design] == [(4, 4), (8,)]  # type: ignore[union-attr]


def test_no_number_is_no_bound_of_failure() -> None:
    with pytest.raises(MlplabError, match="'train_loss' expects a number; got nan"):
        ml.Experiment("digits", fails={"train_loss": float("nan")})


@pytest.mark.parametrize("name", [b"mine", "\udcff", 3])
def test_the_name_of_arrays_is_text(name: Any) -> None:
    with pytest.raises(MlplabError, match="name: expected"):
        ml.task_from_arrays(np.zeros((4, 2)), [0, 1, 0, 1], name=name)


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
