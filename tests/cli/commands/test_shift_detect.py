"""`mlplab shift detect`: what it answers for tables, arrays and images, and what it refuses."""

from __future__ import annotations

import json
import re

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
    for ending, wanted in (
        ("csv", "a CSV file"),
        ("npy", "an array"),
        ("parquet", "a Parquet file"),
    ):
        endless = tmp_path / f"endless.{ending}"
        endless.symlink_to("/dev/zero")
        assert f"{endless}: is a device; expected {wanted}" in refusal(endless, endless)
    (tmp_path / "b.npy").write_bytes(b"no array")
    assert "b.npy" in refusal(tmp_path / "a.npy", tmp_path / "b.npy")
    assert "can show a difference" in refusal(tmp_path / "a.npy", tmp_path / "a.npy")
    assert "did you mean 'bought'?" in refusal(*tables, "--label", "bough")
    assert "below 0.5; got 0.9" in refusal(*tables, "--epsilon", "0.9")
    assert "whole number from 19; got '3'" in refusal(*tables, "--permutations", "3")
    (tmp_path / "empty").mkdir()
    assert "empty" in refusal(tmp_path / "empty", tmp_path / "empty")
    assert "leave it out" in refusal(tmp_path / "a.npy", tmp_path / "a.npy", "--label", "x")


def both_forms(folder, name, frame):
    """Write a table as CSV and as Parquet; return the paths."""
    paths = folder / f"{name}.csv", folder / f"{name}.parquet"
    frame.to_csv(paths[0], index=False)
    frame.to_parquet(paths[1])
    return paths


@pytest.fixture
def plain():
    """Two tables without a shift."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({
        "a": rng.normal(size=80).round(3),
        "b": rng.normal(size=80).round(3),
        "c": rng.choice(["u", "v"], 80),
    })  # fmt: skip
    return frame[:40], frame[40:]


@pytest.mark.parametrize("form", [0, 1], ids=["csv", "parquet"])
def test_what_is_constant_or_missing_in_one_table_alone_is_a_shift(plain, tmp_path, form):
    pytest.importorskip("pyarrow")
    first, second = plain
    cases = {
        "constant": (first.assign(a=1.0), second.assign(a=2.0)),
        "missing first": (first.assign(a=np.nan), second),
        "missing second": (first, second.assign(a=np.nan)),
        "varies": (first.assign(a=1.0), second),
    }
    for name, pair in cases.items():
        paths = [both_forms(tmp_path, f"{name} {i}", half)[form] for i, half in enumerate(pair)]
        found = answer(*paths)
        assert found["verdicts"]["shifted"]["verdict"] == "supported", name
        assert found["columns"][0]["name"] == "a"
        assert found["columns"][0]["size"] > 0.4
    same = [both_forms(tmp_path, f"same {i}", half.assign(a=np.nan, b=1.0))[form]
            for i, half in enumerate(plain)]  # fmt: skip
    found = answer(*same)
    assert found["verdicts"]["shifted"]["verdict"] == "undecided"
    assert found["left_out"] == {"a": "missing in both", "b": "constant"}


def test_a_constant_written_in_two_ways_is_one_number(plain, tmp_path):
    first, second = plain
    first.assign(a="1").to_csv(tmp_path / "a.csv", index=False)
    second.assign(a="1.0").to_csv(tmp_path / "b.csv", index=False)
    found = answer(tmp_path / "a.csv", tmp_path / "b.csv")
    assert found["left_out"] == {"a": "constant"}


@pytest.mark.parametrize("form", [0, 1], ids=["csv", "parquet"])
def test_other_columns_rows_and_entries_get_one_line(plain, tmp_path, form):
    pytest.importorskip("pyarrow")
    first, second = plain
    odd = {
        "renamed": (second.rename(columns={"a": "z"}), "renamed.*: no column 'a'"),
        "one": (second[:1], "expected at least 2 rows to compare; got 1"),
        "few": (second[:19], "second sample: expected at least 20 rows; got 19"),
        "infinite": (second.assign(a=np.inf), "column 'a': expected a finite number"),
        "texts": (second.assign(a="x"), "column 'a': expected a number; got 'x'"),
    }
    path = both_forms(tmp_path, "first", first)[form]
    for name, (frame, says) in odd.items():
        line = refusal(path, both_forms(tmp_path, name, frame)[form], "--quiet")
        assert re.search(says, line), line
    only_one = both_forms(tmp_path, "only", first[:1])[form]
    assert "rows to compare; got 1" in refusal(only_one, path, "--label", "c")
    more = both_forms(tmp_path, "more", second.assign(extra=1.5))[form]
    assert "not compared: extra" in " ".join(run(path, more, *FEW).stderr.split())


def test_odd_arrays_get_one_line(tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(30, 2))
    infinite = rows.copy()
    infinite[2, 1] = -np.inf
    odd = {
        "wide": (rng.normal(size=(30, 3)), "different columns; only in the second: 'x2'"),
        "one": (rows[:1], "expected at least 20 rows; got 1"),
        "no": (rows[:0], "second table: has no rows"),
        "flat": (rows[:, 0], "expected rows and columns, (N, I); got (30,)"),
        "infinite": (infinite, "second table, column 'x1': infinite in row 2"),
        "objects": (np.array([[1, None]] * 30, object), "objects.npy: cannot be read (expected"),
    }
    np.save(tmp_path / "rows.npy", rows)
    for name, (array, says) in odd.items():
        np.save(tmp_path / f"{name}.npy", array, allow_pickle=True)
        assert says in refusal(tmp_path / "rows.npy", tmp_path / f"{name}.npy")
    np.savez(tmp_path / "several.npz", rows)
    several = tmp_path / "several.npz"
    assert "holds several arrays; save one of them" in refusal(several, several)


def test_odd_folders_get_one_line(tmp_path):
    rng = np.random.default_rng(0)
    for name, n in (("many", 22), ("damaged", 22), ("one", 1), ("none", 0)):
        (tmp_path / name).mkdir()
        for place in range(n):
            pixels = rng.integers(0, 255, (8, 8, 3)).astype("u1")
            Image.fromarray(pixels).save(tmp_path / name / f"{place:02}.png")
    (tmp_path / "damaged" / "07.png").write_bytes(b"no image")
    (tmp_path / "none" / "notes.txt").write_text("no image either")
    says = {
        "damaged": "damaged/07.png: not a PNG, JPEG, WebP, GIF or BMP image, or damaged",
        "one": "second sample: expected at least 20 rows; got 1",
        "none": "none: holds no images",
    }
    for name, line in says.items():
        told = refusal(tmp_path / "many", tmp_path / name, "--features", "pixels", "--quiet")
        assert line in told


def test_the_page_is_written_with_its_command(tables, tmp_path):
    done = run(*tables, *FEW, "--label", "bought", "--out", tmp_path / "pages", "--quiet")
    assert done.exit_code == 0
    page = tmp_path / "pages" / "old.csv-new.csv-shift" / "index.html"
    assert done.stdout.splitlines()[-1] == f"page: {page}"
    text = page.read_text(encoding="utf-8")
    assert "new.csv differs from old.csv by more than what matters" in text
    assert "Bonn" in text
    assert {"scores.svg", "columns.csv", "examples.csv"} <= {p.name for p in page.parent.iterdir()}
    as_json = run(*tables, *FEW, "--label", "bought", "--out", tmp_path / "pages", "--json")
    assert json.loads(as_json.stdout)["rows"] == [200, 200]
    assert f"page: {page}" in as_json.stderr
