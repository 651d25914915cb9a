"""`mlplab shift detect`: what it answers for tables, arrays and images, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from mlplab.cli import program

FEW = ["--permutations", "19"]


def run(*arguments):
    return CliRunner().invoke(program, ["shift", "detect", *map(str, arguments)])


def answer(*arguments):
    done = run(*arguments, *FEW, "--json", "--quiet")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refusal(*arguments):
    done = run(*arguments)
    assert done.exit_code in (1, 2)
    assert "Traceback" not in done.output
    return " ".join(done.output.split())


@pytest.fixture
def tables(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({
        "id": range(400),
        "age": rng.normal(40, 10, 400).round(1),
        "town": rng.choice(["Oslo", "Rome", "Bern"], 400),
        "bought": rng.choice(["no", "yes"], 400),
    })  # fmt: skip
    paths = tmp_path / "old.csv", tmp_path / "new.csv"
    frame[:200].to_csv(paths[0], index=False)
    frame[200:].drop(columns="bought").assign(town="Bonn").to_csv(paths[1], index=False)
    return paths


def test_a_new_category_is_found_and_told(tables):
    found = answer(*tables, "--label", "bought")
    assert found["rows"] == [200, 200]
    assert found["verdicts"]["shifted"]["verdict"] == "supported"
    assert found["verdicts"]["matters"]["size"] > 0.95
    assert found["verdicts"]["harmful"]["p"] > 0
    assert [one["name"] for one in found["columns"]] == ["town", "age"]
    assert set(found) >= {"rows", "verdicts", "columns", "copies", "seconds"}
    assert "bought" in refusal(*tables)  # the second table does not have it
    done = run(*tables, *FEW, "--label", "bought")
    assert done.exit_code == 0
    assert "shifted? supported" in done.stdout
    assert "not compared: id" in done.stderr


def test_arrays_and_parquet_tables_are_read(tmp_path):
    rng = np.random.default_rng(0)
    for name, scale in (("a", 1), ("b", 2)):
        np.save(tmp_path / f"{name}.npy", scale * rng.normal(size=(60, 2, 2)))
    found = answer(tmp_path / "a.npy", tmp_path / "b.npy")
    assert found["rows"] == [60, 60]
    assert len(found["columns"]) == 4


def test_folders_of_images_are_compared_by_their_pixels(tmp_path):
    rng = np.random.default_rng(0)
    for name, light in (("dark", 60), ("light", 120)):
        (tmp_path / name).mkdir()
        for place in range(24):
            pixels = rng.integers(light, light + 100, (8, 8, 3)).astype("u1")
            Image.fromarray(pixels).save(tmp_path / name / f"{place:02}.png")
    found = answer(tmp_path / "dark", tmp_path / "light", "--features", "pixels")
    assert found["verdicts"]["shifted"]["verdict"] == "supported"
    done = run(tmp_path / "dark", tmp_path / "light", "--features", "pixels", *FEW, "--quiet")
    assert ".png" in done.stdout


def test_wrong_input_gets_one_line(tables, tmp_path):
    missing = tmp_path / "nowhere.csv"
    assert f"{missing}: no such file or folder" in refusal(tables[0], missing)
    np.save(tmp_path / "a.npy", np.zeros((30, 2)))
    assert "expected two tables, or two .npy arrays" in refusal(tables[0], tmp_path / "a.npy")
    assert "expected two of one form" in refusal(tables[0], tmp_path)
    (tmp_path / "b.npy").write_bytes(b"no array")
    assert "b.npy" in refusal(tmp_path / "a.npy", tmp_path / "b.npy")
    assert "can show a difference" in refusal(tmp_path / "a.npy", tmp_path / "a.npy")
    assert "did you mean 'bought'?" in refusal(*tables, "--label", "bough")
    assert "below 0.5; got 0.9" in refusal(*tables, "--epsilon", "0.9")
    assert "whole number from 19; got '3'" in refusal(*tables, "--permutations", "3")
    (tmp_path / "empty").mkdir()
    assert "empty" in refusal(tmp_path / "empty", tmp_path / "empty")
    assert "leave it out" in refusal(tmp_path / "a.npy", tmp_path / "a.npy", "--label", "x")
