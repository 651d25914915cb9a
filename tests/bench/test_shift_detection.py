"""The bench of detectors: what it draws, and how it tells shares of alarms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from mlplab.bench.shift.__main__ import answers, measured, page
from mlplab.bench.shift.problems import PROBLEMS, SIZES, table

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
    values = answers(task)
    assert {"classifier", "mmd", "columns, Holm", "KS of scipy", "together"} <= set(values)
    assert all(0 < p <= 1 for p in values.values())
    kept = tmp_path / "kept.jsonl"
    assert list(measured([task], kept, 1)) == [(task, values)]
    kept.write_text(kept.read_text().replace(f'"together": {values["together"]}', '"together": 2'))
    assert dict(measured([task], kept, 1))[task]["together"] == 2


def test_beyond_the_first_data_sets_no_networks_learn_labellings():
    tasks = [("shifted", "scale", 40, 1), ("alike", "numbers", 40, 1)]
    (_, shifted), (_, alike) = measured(tasks, None, 1)
    assert "classifier" not in shifted
    assert shifted["together"] == answers(tasks[0])["together"]
    assert "classifier" in alike
    assert alike["classifier"] * 40 == pytest.approx(round(alike["classifier"] * 40))


def test_a_shift_of_a_size_has_the_auc_that_it_says():
    first, second = SIZES["0.57"](np.random.default_rng(0), 50_000)
    auc = mannwhitneyu(second[:, 0], first[:, 0]).statistic / 50_000**2
    assert auc == pytest.approx(0.57, abs=0.006)  # three standard errors
    said = answers(("size", "0.57", 2000, 0))
    assert said["low"] < said["auc"] < said["high"] < 0.62


def test_the_page_tells_shares_and_intervals():
    rows = [{"together": p, "mmd": p / 5} for p in (0.01, 0.05, 0.2, 0.9)]
    sizes = [{"auc": 0.56, "low": low, "high": 0.57} for low in (0.54, 0.548, 0.551, 0.555)]
    text = page(
        {
            ("alike", "numbers", 200): rows,
            ("shifted", "mean", 3000): [row | {"classifier": 0.01} for row in rows[:1]] + rows[1:],
            ("size", "0.549", 100_000): sizes,
        }
    )
    assert "| numbers | 200 | 4 | 0.750 [0.111, 0.999] | 0.500 [0.029, 0.971] |" in text
    assert "| mean | 3,000 | 4 | 0.75 | 1.00 | 0.50 | 1.00 | -0.50 |" in text
    matters, does_not = "0.500 [0.029, 0.971]", "0.000 [0.000, 0.734]"
    assert f"| 0.549 | 100,000 | 4 | 0.5600 | 0.500 | {matters} | {does_not} |" in text
