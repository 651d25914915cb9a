"""The page that compares clusters with this machine says what was measured."""

from __future__ import annotations

import mmap
from itertools import count

import pytest
from click.testing import CliRunner

from mlplab.bench import clusters
from mlplab.errors import MlplabError


@pytest.fixture
def asked(monkeypatch):
    """Train everything here, and give the list of where it was asked for."""
    places: list[str] = []
    timed = clusters.timed

    def here(experiment, place):
        places.append(place)
        return timed(experiment, "here")

    monkeypatch.setattr(clusters, "timed", here)
    return places


def test_every_place_trains_the_same_in_each_round(monkeypatch, asked, tmp_path):
    monkeypatch.setattr(clusters, "TRIVIAL", 4)
    monkeypatch.setattr(clusters, "TINY", 8)
    out = tmp_path / "page.md"
    arguments = ["--on", "ray", "--on", "slurm", "--runs", "4", "--epochs", "1", "--rounds", "2"]
    result = CliRunner().invoke(
        clusters.main, [*arguments, "--out", str(out)], catch_exceptions=False
    )
    assert result.exit_code == 0
    assert asked[-6:] == ["here", "ray", "slurm", "ray", "slurm", "here"]
    text = out.read_text()
    assert "**4 runs**" in text
    assert text.count("| slurm |") == 2


def test_another_result_elsewhere_is_an_error(monkeypatch):
    numbers = count()
    monkeypatch.setattr(
        clusters,
        "timed",
        lambda experiment, place: (1.0, clusters.small_runs(2 + next(numbers)).run(progress=False)),
    )
    with pytest.raises(MlplabError, match="ray: expected the same"):
        clusters.beside(clusters.small_runs(2), ("here", "ray"), 1, lambda line: None)


def test_shares_are_of_the_neighbours_in_the_same_round():
    long = {"here": [10.0, 20.0, 40.0], "ray": [20.0, 25.0, 50.0]}
    text = clusters.page(10, long, {"here": [0.2], "ray": [0.4]}, {"here": (1, 2), "ray": (3, 4)})
    assert "**10 runs** of 4.00 s" in text
    assert "| ray | 25.0 (20.0, 25.0, 50.0) | 80.0% |" in text
    assert "| ray | 0.40 | 3.0 | 4 |" in text


def test_a_peak_is_that_of_the_work_alone():
    def hold(mib):
        # Mapped by itself: an allocator may still hold what was given back before.
        with mmap.mmap(-1, mib << 20) as pages:
            for _ in range(mib):
                pages.write(bytes(2**20))
            return pages.tell()

    hold(64)
    total, _, rise = clusters.peak_above(lambda: hold(32))
    assert total == 32 << 20
    assert 30 < rise / 2**20 < 60
