"""Pages are replaced whole, or stay as they were."""

import dataclasses
import os
from pathlib import Path

import pandas as pd
import pytest

from mlplab.errors import ConfigError, DataError, MlplabError
from mlplab.pages import Report, ReportTable, Section, page_html, write_index, write_page
from mlplab.pages.files import write_files


@pytest.fixture
def small(report: Report) -> Report:
    """A report without figures: quick to write."""
    return dataclasses.replace(report, figures=(), profile="standard")


def _content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_writing_twice_gives_the_same_files(small: Report, tmp_path: Path) -> None:
    path = write_page(small, tmp_path)
    first = _content(tmp_path)
    assert write_page(small, tmp_path) == path == tmp_path / "4.2.1" / "index.html"
    assert _content(tmp_path) == first


def test_a_report_that_cannot_be_told_leaves_the_old_page(small: Report, tmp_path: Path) -> None:
    write_page(small, tmp_path)
    before = _content(tmp_path)
    with pytest.raises(ConfigError):
        write_page(dataclasses.replace(small, answer="$\\nothing$"), tmp_path)
    assert _content(tmp_path) == before


@pytest.mark.parametrize("fails_at", [0, 2])
def test_an_interrupted_write_leaves_whole_files_only(
    fails_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = dict.fromkeys("abc", b"old")
    write_files(tmp_path, old)
    real, calls = os.replace, iter(range(9))

    def replace(source: Path, target: Path) -> None:
        if next(calls) == fails_at:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(MlplabError, match="No space left on device; try another folder"):
        write_files(tmp_path, dict.fromkeys("abc", b"new"))
    found = _content(tmp_path)
    assert set(found) == set("abc")
    assert [found[name] for name in "abc"] == [b"new"] * fails_at + [b"old"] * (3 - fails_at)


def test_a_full_disk_replaces_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, {"a": b"old"})
    real = Path.write_bytes

    def write_bytes(path: Path, content: bytes) -> int:
        if len(list(tmp_path.glob(".*"))) > 1:
            raise OSError(28, "No space left on device")
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(MlplabError, match="cannot write to"):
        write_files(tmp_path, {"a": b"new", "b": b"new"})
    assert _content(tmp_path) == {"a": b"old"}


def test_a_file_in_the_way_is_told_in_one_line(small: Report, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(MlplabError, match=r"cannot write to .*taken"):
        write_page(small, tmp_path / "taken")


def test_files_of_the_earlier_page_go_and_others_stay(small: Report, tmp_path: Path) -> None:
    write_page(small, tmp_path)
    mine = tmp_path / "4.2.1" / "notes.txt"
    mine.write_text("kept")
    assert (tmp_path / "4.2.1" / "table-scores-all.csv").exists()
    write_page(dataclasses.replace(small, tables={}), tmp_path)
    assert not (tmp_path / "4.2.1" / "table-scores-all.csv").exists()
    assert mine.read_text() == "kept"


def test_sections_show_what_there_is_once(small: Report, tmp_path: Path) -> None:
    key = next(iter(small.tables))
    part = Section("more", {"en": "More", "zh": "更多"}, "So *it* is.", [key])
    text = page_html(dataclasses.replace(small, sections=[part]))
    assert '<section id="more"' in text
    assert text.index("So <em>it</em> is.") < text.index('class="table-block"')
    assert text.count('class="table-block"') == len(small.tables)
    assert text.count('<section id="tables"') == (len(small.tables) > 1)
    with pytest.raises(ConfigError, match="no figure or table is named 'absent'"):
        dataclasses.replace(small, sections=[Section("more", "More", shows=["absent"])])


def test_a_record_removes_nothing_outside_its_folder(small: Report, tmp_path: Path) -> None:
    record = write_page(small, tmp_path).with_name("report.json")
    mine = tmp_path / "mine.txt"
    mine.write_text("kept")
    record.write_text(record.read_text().replace('"files": [', '"files": ["../mine.txt", ', 1))
    write_page(small, tmp_path)
    assert mine.exists()
    record.write_text("no json")
    write_page(small, tmp_path)


def test_two_tables_of_one_file_are_refused(small: Report, tmp_path: Path) -> None:
    frame = ReportTable("t", pd.DataFrame({"x": [1]}))
    twins = dataclasses.replace(small, tables={"A b": frame, "a-B": frame})
    with pytest.raises(ConfigError, match=r"table-a-b\.csv"):
        write_page(twins, tmp_path)


def test_ids_name_folders(small: Report) -> None:
    with pytest.raises(ConfigError, match=r"report id: .* got '\.\./x'"):
        dataclasses.replace(small, id="../x")


def test_the_ledger_lists_all_pages_in_the_order_of_the_book(small: Report, tmp_path: Path) -> None:
    for name in ("4.10.1", "4.2.1", "4.9.4"):
        write_page(dataclasses.replace(small, id=name), tmp_path)
    path = write_index([dataclasses.replace(small, id="4.1.2")], tmp_path)
    text = path.read_text(encoding="utf-8")
    order = [text.index(f'href="{name}/index.html"') for name in ("4.1.2", "4.2.1", "4.9.4")]
    assert order == sorted(order)
    assert order[-1] < text.index('href="4.10.1/index.html"')
    assert "4 exercises run so far, with 12 claims." in text
    assert text.count("A 与 B 相同") == 4
    assert "https://" not in text


def test_an_empty_ledger_says_so(tmp_path: Path) -> None:
    text = write_index([], tmp_path / "new").read_text(encoding="utf-8")
    assert "No exercise has been run yet." in text


def test_a_damaged_record_is_named(small: Report, tmp_path: Path) -> None:
    write_page(small, tmp_path)
    (tmp_path / "4.2.1" / "report.json").write_text("{")
    with pytest.raises(DataError, match=r"4\.2\.1.report\.json is not a record.*delete it"):
        write_index([], tmp_path)


def test_further_files_lie_beside_the_page_and_leave_with_it(small: Report, tmp_path: Path) -> None:
    report = dataclasses.replace(small, files={"submission.csv": b"Id,SalePrice\n1,2.0\n"})
    page = write_page(report, tmp_path)
    beside = page.parent / "submission.csv"
    assert beside.read_bytes() == report.files["submission.csv"]
    assert 'href="submission.csv"' in page.read_text(encoding="utf-8")
    write_page(small, tmp_path)
    assert not beside.exists()


@pytest.mark.parametrize("name", ["index.html", "report.json", "../up.csv", ""])
def test_a_further_file_cannot_take_a_name_of_the_page(small: Report, name: str) -> None:
    with pytest.raises(ConfigError, match="a file cannot be named"):
        dataclasses.replace(small, files={name: b""})
