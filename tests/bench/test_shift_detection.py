"""The bench of detectors: what it draws, and how it tells shares of alarms."""

from __future__ import annotations

import numpy as np
import pytest

from mlplab.bench.shift.__main__ import measured, p_values, page
from mlplab.bench.shift.problems import PROBLEMS, table

DRAWN = [name for name in PROBLEMS if name not in ("images", "model outputs")]


@pytest.mark.parametrize("name", DRAWN)
def test_a_problem_draws_both_samples_anew_from_its_generator(name):
    first, second = PROBLEMS[name](np.random.default_rng(3), 50)
    assert len(first) == len(second) == 50
    again, _ = PROBLEMS[name](np.random.default_rng(3), 50)
    other, _ = PROBLEMS[name](np.random.default_rng(4), 50)
    assert np.asarray(first)[:, 0].tolist() == np.asarray(again)[:, 0].tolist()
    assert np.asarray(first)[:, 0].tolist() != np.asarray(other)[:, 0].tolist()


def test_gaps_and_new_levels_are_where_they_are_said_to_be():
    rng = np.random.default_rng(0)
    gaps = [frame["c"].isna().mean() for frame in PROBLEMS["missingness"](rng, 4000)]
    assert gaps == pytest.approx([0.05, 0.05 + 0.95 * 0.07], abs=0.015)
    first, second = PROBLEMS["new category"](rng, 4000)
    assert "Wien" not in set(first["town"])
    assert (second["town"] == "Wien").mean() == pytest.approx(0.03, abs=0.01)
    assert set(table(rng, 10)) == set(first)


def test_p_values_are_kept_and_not_computed_again(tmp_path):
    task = ("shifted", "scale", 40, 0)
    values = p_values(task)
    assert {"classifier", "mmd", "columns, Holm", "KS of scipy", "together"} <= set(values)
    assert all(0 < p <= 1 for p in values.values())
    kept = tmp_path / "kept.jsonl"
    assert list(measured([task], kept)) == [(task, values)]
    kept.write_text(kept.read_text().replace(str(values["together"]), "0.125"))
    assert dict(measured([task], kept))[task]["together"] == 0.125


def test_the_page_tells_shares_and_intervals():
    rows = [{"together": p} for p in (0.01, 0.05, 0.2, 0.9)]
    text = page({("alike", "numbers", 200): rows, ("shifted", "mean", 3000): rows})
    assert "| numbers | 200 | 4 | 0.500 [0.029, 0.971] |" in text
    assert "| mean | 3,000 | 4 | 0.50 |" in text
