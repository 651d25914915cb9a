"""What the page on corrections promises, on a few draws; all of it at length."""

import numpy as np
import pytest

from mlplab.bench.shift_correction import CLASSES, PROBLEMS, main, measure
from mlplab.bench.shift_shares import share_errors

OVERLAP = [name for name, problem in PROBLEMS.items() if problem.overlaps]
APART = [name for name, problem in PROBLEMS.items() if not problem.overlaps]


@pytest.mark.parametrize("name", OVERLAP)
def test_risks_are_those_of_the_target(name):
    # with the true ratio unknown, by drawing: the losses of rows weighed by a fine density ratio
    problem = PROBLEMS[name]
    assert problem.risk > 0
    plain = [problem.draw(np.random.default_rng(i))[1].mean() for i in range(20)]
    # what is to be corrected is larger than the noise of a sample
    assert abs(np.mean(plain) - problem.risk) > 3 * np.std(plain) / np.sqrt(20)


@pytest.mark.parametrize("name", OVERLAP)
def test_weights_halve_the_error_where_there_is_overlap(name):
    found = measure(PROBLEMS[name], "odds", 2)
    assert found.declined == 0
    assert found.weighted <= 0.5 * found.plain


@pytest.mark.parametrize("name", APART)
@pytest.mark.parametrize("method", ["ulsif", "kmm"])
def test_no_overlap_is_declined(name, method):
    assert measure(PROBLEMS[name], method, 1).declined == 1


def test_shares_beside_a_public_library_are_alike_where_methods_are():
    pytest.importorskip("quapy", exc_type=ImportError)
    for world in CLASSES[:2]:
        errors = share_errors(world.rows, world.priors, 2, seed=0)
        assert errors["em"] == pytest.approx(errors["QuaPy EMQ"], rel=0.01)
        assert errors["bbse"] == pytest.approx(errors["QuaPy ACC"], rel=0.01)
        assert errors["mlls"] == pytest.approx(errors["QuaPy EMQ, BCTS"], rel=0.1)


def test_without_the_library_ours_are_measured_alone(monkeypatch):
    monkeypatch.setattr("mlplab.bench.shift_shares.find_spec", lambda name: None)
    errors = share_errors(CLASSES[0].rows, CLASSES[0].priors, 3, seed=0)
    assert list(errors) == ["mlls", "bbse", "em"]
    assert 0 < max(errors.values()) < 0.2


@pytest.mark.slow
def test_the_page_is_accepted(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--times", "10", "--covers", "400", "--out", str(tmp_path / "page.md")])
    assert ended.value.code == 0
    assert "| biased sample | odds |" in (tmp_path / "page.md").read_text()
