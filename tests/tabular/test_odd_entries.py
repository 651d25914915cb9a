"""Entries that are numbers or dates to people: what is made of them, and what is said."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_wine

from mlplab.errors import DataError
from mlplab.tabular import conform, fit_table, infer_schema, load_table_model, read_table
from mlplab.tabular.date_forms import form_of_dates
from mlplab.tabular.infer import infer
from mlplab.tabular.number_forms import dressed_number

# entries -> the numbers they are
NUMBERS = {
    ("$1,234.00", "$5", "-$7.5"): (1234, 5, -7.5),
    ("1.234,5", "2,5", "7"): (1234.5, 2.5, 7),
    ("45%", "7.5 %", "0%"): (45, 7.5, 0),
    ("€ 5", "1.000,5 €", "7,25 €"): (5, 1000.5, 7.25),
    ("(123)", "5", "(1.5)"): (-123, 5, -1.5),
    ("1e3", "2", "1.5e-3"): (1000, 2, 0.0015),
    ("1 234", "5", "1 234 567.5"): (1234, 5, 1234567.5),
    ("1\N{NARROW NO-BREAK SPACE}234,5", "5"): (1234.5, 5),
    ("1'234.5", "12"): (1234.5, 12),
    ("1,23,456", "12"): (123456, 12),
    ("\N{MINUS SIGN}5", "7"): (-5, 7),
    ("1.234.567", "8"): (1234567, 8),
    ("USD 5.50", "7 USD"): (5.5, 7),
    ("0,123", "0,5"): (0.123, 0.5),
}
DATES = {
    ("12/31/2020", "1/2/2020"): ("2020-12-31", "2020-01-02"),
    ("31/12/2020", "1/2/2020"): ("2020-12-31", "2020-02-01"),
    ("31.12.20", "1.2.20"): ("2020-12-31", "2020-02-01"),
    ("1.2.2020", "3.4.2020"): ("2020-02-01", "2020-04-03"),
    ("20201231", "20200102", "20200203"): ("2020-12-31", "2020-01-02", "2020-02-03"),
    ("31-Dec-20", "01-Feb-20"): ("2020-12-31", "2020-02-01"),
    ("Dec 31, 2020", "Jan 2, 2020"): ("2020-12-31", "2020-01-02"),
    ("2020.12.31", "2020.01.02"): ("2020-12-31", "2020-01-02"),
    ("12/31/2020 17:30", "1/2/2020 8:05"): ("2020-12-31 17:30", "2020-01-02 08:05"),
    ("12/31/2020 5:30 PM", "1/2/2020 8:05 AM"): ("2020-12-31 17:30", "2020-01-02 08:05"),
}
# entries that stay texts -> what is said
LEFT = {
    ("1/2/2020", "3/4/2020"): "whether the day or the month is first no entry tells",
    ("2020-1-5", "5/13/2020"): "look like dates, but no one format reads nearly all",
    ("£1.5m", "£2m"): "look like numbers with the unit 'm'",
    ("12 kg", "7 kg"): "look like numbers with the unit 'kg'",
    ("45%", "7", "8%"): "numbers in two forms, such as '45%' and '7'|such as '7' and '45%'",
    ("1.5", "2,5"): "numbers in two forms",
    ("$1", "€2"): "numbers in two forms",
    ("1", "2", "?", "?", "3", "4"): r"40 of 60 entries are numbers, .* \(--missing '\?'",
    ("3", "n/d"): r"30 of 60 entries are numbers, .* \(--missing 'n/d'",
}


def frame_of(entries):
    return pd.DataFrame({"a": ["p", "q", "r"][: len(entries)] * 10, "v": [*entries] * 10})


@pytest.mark.parametrize("entries", NUMBERS)
def test_numbers_in_dress_are_numbers_and_one_line_says_so(entries):
    frame = frame_of(entries)
    found = infer(frame)
    assert found.schema["v"].kind == "number"
    assert conform(frame, found.schema)["v"].tolist() == [*NUMBERS[entries]] * 10
    odd = [text for text in entries if dressed_number(text) is None or not text.isdecimal()]
    assert entries[0].startswith("1e") or (len(found.notes) == 1 and odd)
    assert all(note.startswith("v: entries such as") for note in found.notes)
    # conforming again, and another table, change nothing
    once = conform(frame, found.schema)
    assert conform(once, found.schema)["v"].tolist() == once["v"].tolist()
    assert infer_schema(frame, types={"v": "number"})["v"] == found.schema["v"]


@pytest.mark.parametrize("entries", DATES)
def test_dates_are_dates_and_one_line_says_so(entries):
    frame = frame_of(entries)
    found = infer(frame)
    dates = conform(frame, found.schema)["v"]
    assert dates.tolist() == [pd.Timestamp(text) for text in DATES[entries]] * 10
    (note,) = found.notes
    assert f"{entries[0]!r} are read as dates" in note
    assert infer_schema(frame, types={"v": "date"})["v"] == found.schema["v"]
    assert infer(frame, types={"v": "text"}).notes == ()


@pytest.mark.parametrize("entries", LEFT)
def test_what_is_left_as_text_is_said(entries):
    frame = pd.DataFrame({"a": ["p", "q"] * 30, "v": [*entries] * (60 // len(entries))})
    found = infer(frame)
    assert found.schema["v"].kind == "category"
    (note,) = found.notes
    assert note.startswith("v: ")
    assert re.search(LEFT[entries], note)


@pytest.mark.parametrize(
    "entries",
    [("a", "b"), ("1", "2.5"), ("2020-01-02", "2020-02-03"), ("007", "013"), ("1e-3", "2"),
     ("10.0.0.1", "10.0.0.2"), ("12:30", "13:15"), ("x1", "x2"), ("1.2.3", "1.2.4")],
)  # fmt: skip
def test_of_plain_entries_nothing_is_said(entries):
    assert infer(frame_of(entries)).notes == ()


@pytest.mark.parametrize(
    ("delimiter", "decimal", "wanted"),
    [(",", None, 1234), (";", None, 1.234), (",", ",", 1.234), (";", ".", 1234)],
)
def test_a_mark_that_may_mean_two_things_is_named_and_can_be_declared(
    tmp_path, delimiter, decimal, wanted
):
    path = tmp_path / "t.csv"
    path.write_text(f'a{delimiter}v\nx{delimiter}"1,234"\ny{delimiter}"5,678"\n')
    table = read_table(path, decimal=decimal)
    assert table.frame["v"][0] == wanted
    said = [note for note in table.notes if "may mean" in note]
    assert len(said) == (decimal is None)


def test_one_column_with_decimal_commas_tells_of_the_others(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a;b;c\n1.234;1,5;7\n5.678;2,5;8\n")
    assert read_table(path).frame.iloc[0].tolist() == [1234, 1.5, 7]
    path.write_text("a;b;c\n1.234;1.5;7\n5.678;2.5;8\n")
    assert read_table(path).frame.iloc[0].tolist() == [1.234, 1.5, 7]


def test_a_declared_comma_is_kept_to_and_what_has_none_is_said():
    found = infer(frame_of(("1.5", "2.5", "7")), decimal=",")
    assert found.schema["v"].kind == "category"
    assert "have no decimal comma, as was declared" in found.notes[0]
    whole = infer(frame_of(("1", "2", "7")), decimal=",")
    assert (whole.schema["v"].kind, whole.notes) == ("number", ())


def test_units_do_not_mix():
    schema = infer_schema(frame_of(("$5", "$7", "8")))
    assert conform(frame_of(("$5", "$7", "8")), schema)["v"].tolist()[:3] == [5, 7, 8]
    with pytest.raises(DataError, match=r"expected a number written with \$; got '€5'"):
        conform(frame_of(("$5", "€5")), schema)
    share = infer_schema(frame_of(("5%", "7%")))
    with pytest.raises(DataError, match="expected a number written with %; got '5'"):
        conform(frame_of(("5", "7")), share)


@given(st.floats(-1e9, 1e9).map(lambda x: round(x, 3)), st.sampled_from("$€"))
def test_what_is_written_with_thousands_is_read_back(number, unit):
    point = f"{number:,.3f}"
    comma = point.translate(str.maketrans(",.", ".,"))
    assert dressed_number(point) == dressed_number(comma, ",") == number
    assert dressed_number(unit + point, unit=unit) == number
    assert dressed_number(f"{comma} {unit}", ",", unit) == number


@given(st.dates(), st.sampled_from(["%d/%m/%Y", "%m-%d-%Y", "%d.%m.%Y", "%b %d, %Y", "%d %B %Y"]))
def test_a_date_of_any_format_has_a_form_that_reads_it_back(day, date_format):
    if day.year < 1000:
        day = day.replace(year=day.year + 1000)
    text = day.strftime(date_format)
    form = form_of_dates({text: 1})
    assert pd.Timestamp(day) in [pd.to_datetime(text, format=one) for one in form.formats]


def test_a_model_remembers_how_its_columns_are_written(tmp_path):
    rng = np.random.default_rng(0)
    prices = rng.uniform(100, 9000, 60)
    rows = pd.DataFrame({
        "price": [f"${price:,.2f}" for price in prices],
        "sold": [f"{1 + i % 12}/{1 + i % 28}/2020" for i in range(60)],
        "power": [str(i) if i % 5 else "?" for i in range(60)],
        "dear": np.where(prices > 4000, "yes", "no"),
    })  # fmt: skip
    rows.to_csv(tmp_path / "train.csv", index=False)
    train = read_table(tmp_path / "train.csv", target="dear", missing=["?"])
    kinds = {column.name: column.kind for column in train.schema.features}
    assert kinds == {"price": "number", "sold": "date", "power": "number"}
    model = fit_table(train, configurations=1, threads=1, n_folds=2)
    model.save(tmp_path / "model")
    again = load_table_model(tmp_path / "model")
    assert again.schema == train.schema
    rows.drop(columns="dear").to_csv(tmp_path / "new.csv", index=False, sep="\t", encoding="cp1252")
    new = read_table(tmp_path / "new.csv", schema=again.schema)
    assert new.frame["power"].isna().sum() == 12
    # frames of texts as they stood in the file do as well
    for frame in (new.frame, rows):
        assert again.predict(frame).tolist() == model.predict(train.frame).tolist()


def test_a_second_file_may_write_decimals_otherwise(tmp_path):
    wine = load_wine(as_frame=True).frame
    wine.to_csv(tmp_path / "en.csv", index=False)
    wine.to_csv(tmp_path / "de.csv", index=False, sep=";", decimal=",", encoding="utf-16")
    en, de = (read_table(tmp_path / name, target="target") for name in ("en.csv", "de.csv"))
    pd.testing.assert_frame_equal(en.frame, de.frame)
    for first, second in ((en, "de.csv"), (de, "en.csv")):
        again = read_table(tmp_path / second, schema=first.schema)
        pd.testing.assert_frame_equal(again.frame, first.frame)
        assert "this file has" in again.notes[-1]


def test_a_gap_that_is_a_number_is_one_however_it_is_written(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,v\nx,1.5\ny,-999\nz,-999\nx,2.5\n")
    table = read_table(path, missing=["-999"])
    assert table.frame["v"].isna().tolist() == [False, True, True, False]
    floats = pd.DataFrame({"a": ["x", "y"], "v": [-999.0, 1.0]})
    assert conform(floats, table.schema)["v"].isna().tolist() == [True, False]


def test_an_empty_first_header_is_an_index_and_no_feature(tmp_path):
    wine = load_wine(as_frame=True).frame
    wine.sample(frac=1, random_state=0).to_csv(tmp_path / "t.csv")
    table = read_table(tmp_path / "t.csv", target="target")
    assert table.schema["Unnamed: 0"].kind == "id"
    assert any(note.startswith("Unnamed: 0: names the rows") for note in table.notes)
    kept = read_table(tmp_path / "t.csv", target="target", types={"Unnamed: 0": "number"})
    assert kept.schema["Unnamed: 0"].kind == "number"


def test_indexes_of_a_frame_that_was_written_twice_are_none_either(tmp_path):
    wine = load_wine(as_frame=True).frame.sample(frac=1, random_state=0)
    for n_times in (1, 2, 3):
        wine.to_csv(tmp_path / "t.csv")
        table = read_table(tmp_path / "t.csv", target="target")
        assert len(table.schema.names("id")) == n_times
        wine = pd.read_csv(tmp_path / "t.csv")


@pytest.mark.parametrize("date_format", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%Y%m%d", "%Y-%m-%d"])
def test_a_second_file_may_write_its_dates_in_another_way(tmp_path, date_format):
    days = pd.Series(pd.date_range("2020-01-05", periods=40, freq="11D"))
    frame = pd.DataFrame({"x": np.arange(40) % 7 + 0.5, "day": days.dt.strftime("%Y-%m-%d")})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.assign(day=days.dt.strftime(date_format)).to_csv(tmp_path / "b.csv", index=False)
    first, second = read_table(tmp_path / "a.csv"), read_table(tmp_path / "b.csv")
    for one, path in ((first, "b.csv"), (second, "a.csv")):
        other = read_table(tmp_path / path, schema=one.schema)
        assert other.frame["day"].tolist() == days.tolist()
        assert bool(other.notes) == (date_format != "%Y-%m-%d")
    # what is declared is kept, and a date that no one can place is refused by name
    with pytest.raises(DataError, match="as %d-%m-%Y"):
        read_table(tmp_path / "a.csv", schema=first.schema, date_format="%d-%m-%Y")
    frame.assign(day="3/4/2020").to_csv(tmp_path / "c.csv", index=False)
    with pytest.raises(DataError, match=r"--date-format 'day=%d/%m/%Y'"):
        read_table(tmp_path / "c.csv", schema=first.schema)


def test_what_an_error_advises_for_a_stray_among_dates_can_be_done(tmp_path):
    days = pd.date_range("2020-01-05", periods=30).strftime("%d/%m/%Y").tolist()
    frame = pd.DataFrame({"day": [*days[:-1], "n/d"], "y": range(30)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError, match=r"got 'n/d'; .* \(--missing 'n/d'\)"):
        read_table(tmp_path / "t.csv")
    table = read_table(tmp_path / "t.csv", missing=["n/d"])
    assert table.frame["day"].isna().sum() == 1
