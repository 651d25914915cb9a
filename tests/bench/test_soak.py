"""A soak does each of its jobs, and its growth is the slope of a line."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from mlplab.bench.soak import JOBS, MIB, Sample, growth, main, page, sample


def samples(mib) -> list[Sample]:
    n = len(mib)
    return [
        Sample(2 * i / (n - 1), i, int(300 * MIB), int(mib[i] * MIB), 5, 1, 0) for i in range(n)
    ]


def test_growth_is_that_of_the_memory_after_the_warm_up():
    mib = np.where(np.arange(81) < 20, 50.0, 300 + 0.05 * np.arange(81))
    rise, error = growth(samples(mib))
    assert rise == pytest.approx(2.0, abs=1e-4)  # 40 samples an hour
    assert error < 1e-4


def test_its_error_is_that_of_a_regression():
    rng = np.random.default_rng(0)
    rises, errors = zip(
        *(growth(samples(100 + rng.normal(0, 2, 81))) for _ in range(200)), strict=True
    )
    assert np.std(rises) == pytest.approx(np.mean(errors), rel=0.15)
    assert abs(np.mean(rises)) < 0.3


def test_too_few_samples_have_no_slope():
    assert np.isnan(growth(samples([1.0, 2.0]))).all()


def test_an_open_file_and_more_memory_are_seen(tmp_path):
    before = sample(0.0, 0)
    with (tmp_path / "file").open("w"):
        held = np.ones(8 * MIB)
        after = sample(0.0, 0)
    assert after.files == before.files + 1
    assert after.resident - before.resident > 0.9 * held.nbytes
    assert after.own - before.own > 0.9 * held.nbytes
    assert sample(0.0, 0).files == before.files


@pytest.mark.parametrize("job", ["native", "searches"])
def test_a_soak_writes_its_page(tmp_path, job):
    out = tmp_path / "soak.md"
    result = CliRunner().invoke(
        main, ["--hours", "1e-4", "--job", job, "--out", str(out)], catch_exceptions=False
    )
    assert result.exit_code == 0
    assert f"--hours 0.0001 --job {job}" in out.read_text()
    assert "too short to tell growth" in out.read_text()
    assert "round 1:" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("job", list(JOBS))
def test_every_job_can_be_done_twice(tmp_path, job):
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        JOBS[job](folder, number)


def test_the_page_shows_few_rows_and_the_last():
    text = page(samples(np.full(200, 100.0)), "soak")
    assert "+0.00 MiB an hour" in text
    assert text.count("\n| ") < 25
    assert "| 2.00 | 199 | 300.0 | 100.0 | 5 | 1 | 0 |" in text
