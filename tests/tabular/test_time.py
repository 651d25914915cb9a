"""A limit is kept by a clock that tests hand in; what it cuts is told, what it decided stays."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlplab.errors import Interrupted
from mlplab.store import Store
from mlplab.tabular import (
    fit_table,
    fold_networks,
    infer_schema,
    load_table_model,
    question,
    table_search,
    table_size,
)
from mlplab.tabular.explanation import explain
from mlplab.tabular.fit_processes import FitProcesses
from mlplab.tabular.fold_networks import TrainingTable
from mlplab.tabular.model_inputs import Inputs, fit_encoder
from mlplab.tabular.screening import strongest_columns
from mlplab.tabular.shortcuts import SHORTCUTS


class Clock:
    """A clock that goes on by so many seconds whenever it is looked at."""

    def __init__(self, step: float) -> None:
        self.step = step
        self.now = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Killed(BaseException):
    """What a kill looks like from inside."""


def table(n: int = 40, more: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{i}": rng.normal(0, 1, n) for i in range(2 + more)})
    frame["y"] = frame["x0"] - 2 * frame["x1"] + rng.normal(0, 0.1, n)
    return frame


def keys(model) -> set[str]:
    return {one.key for one in model.shortcuts}


def same(one, other) -> bool:
    return bool(
        (one.out_of_fold == other.out_of_fold).all()
        and (one.cv.out_of_fold == other.cv.out_of_fold).all()
        and one.tried.equals(other.tried)
        and one.members.equals(other.members)
    )


def test_the_clock_ends_the_search_and_this_is_told(tmp_path):
    model = fit_table(table(), "y", n_folds=2, minutes=1, clock=Clock(0.4), threads=1)
    assert 0 < len(model.tried) < table_search.MOST_CONFIGURATIONS
    (ended,) = [one for one in model.shortcuts if one.key == "ended"]
    assert ended.values["n"] == len(model.tried)
    assert f"after {len(model.tried)} of at most 240" in str(ended)
    model.save(tmp_path / "model")
    assert load_table_model(tmp_path / "model").shortcuts == model.shortcuts


def test_without_time_for_a_network_the_mean_is_predicted_and_this_is_told():
    frame = table()
    model = fit_table(frame, "y", n_folds=2, minutes=1, clock=Clock(1000.0), threads=1)
    assert {"constant", "ended"} <= keys(model)
    for fold in range(2):
        own = frame["y"][model.fold_index != fold].mean()
        np.testing.assert_allclose(model.out_of_fold[model.fold_index == fold], own, rtol=1e-6)
    frame["y"] = np.where(frame["y"] > 0, "a", "b")
    model = fit_table(frame, "y", n_folds=2, minutes=1, clock=Clock(1000.0), threads=1)
    assert "constant" in keys(model)
    np.testing.assert_allclose(model.predict_proba(frame).sum(axis=1), 1.0)


def test_what_the_clock_decided_is_decided_again_whatever_the_clock_says_then():
    with Store(":memory:") as store:
        asked = {"n_folds": 2, "minutes": 1.0, "threads": 1, "store": store}
        first = fit_table(table(), "y", clock=Clock(0.4), **asked)
        again = fit_table(table(), "y", clock=Clock(0.0), **asked)
        slow = fit_table(table(), "y", clock=Clock(1000.0), **asked)
        assert same(first, again)
        assert same(first, slow)
        assert first.shortcuts == again.shortcuts == slow.shortcuts
        other = fit_table(table(), "y", clock=Clock(0.4), **asked | {"minutes": 2.0})
        assert len(other.tried) > len(first.tried)


@pytest.mark.parametrize("after", [3, 11, 17])
def test_a_killed_fit_goes_on_to_the_bits_that_it_would_have_had(after):
    asked = {"n_folds": 2, "configurations": 6, "threads": 1}
    whole = fit_table(table(), "y", **asked)
    looks = 0

    def stop() -> bool:
        nonlocal looks
        looks += 1
        if looks > after:
            raise Killed
        return False

    with Store(":memory:") as store:
        with pytest.raises(Killed):
            fit_table(table(), "y", stop=stop, store=store, **asked)
        n_before = store.info().rows["outcomes"]
        assert same(fit_table(table(), "y", store=store, **asked), whole)
        assert store.info().rows["outcomes"] > n_before
        n_after = store.info().rows["outcomes"]
        assert same(fit_table(table(), "y", store=store, **asked), whole)
        assert store.info().rows["outcomes"] == n_after  # nothing was trained a second time
        asked_for = {key for one in store.memberships() for key in one.keys}
        assert {row.key for row in store.rows()} <= asked_for
        assert {one.experiment for one in store.memberships()} == {f"fit of y, {len(table())} rows"}


def test_a_request_to_stop_gives_the_model_of_what_has_finished_and_is_no_decision():
    asked = {"n_folds": 2, "configurations": 8, "threads": 1}
    whole = fit_table(table(), "y", **asked)
    with Store(":memory:") as store:
        with pytest.raises(Interrupted, match="no configuration had finished"):
            fit_table(table(), "y", stop=lambda: True, store=store, **asked)

        def enough() -> bool:
            return store.info().rows["outcomes"] >= 22  # three fits draw targets in, twice two more

        part = fit_table(table(), "y", stop=enough, store=store, **asked)
        assert part.interrupted
        assert 0 < len(part.tried) < len(whole.tried)
        assert np.isfinite(part.predict(table())).all()
        assert same(fit_table(table(), "y", store=store, **asked), whole)


def test_a_table_with_too_many_columns_is_screened_in_each_folds_training_rows(monkeypatch):
    monkeypatch.setattr(table_size, "seconds_per_column", lambda *_: 1.0)
    frame = table(60, more=60)
    model = fit_table(frame, "y", n_folds=2, minutes=1, clock=Clock(0.4), threads=1)
    (short,) = [one for one in model.shortcuts if one.key == "columns"]
    assert short.values == {"n": 32, "all": 62}
    for encoding in model.encodings:
        for encoder in encoding.encoders:
            used = {step.column for step in encoder.steps}
            assert len(used) <= 32
            assert {"x0", "x1"} <= used


def test_a_first_wave_that_would_take_too_long_is_made_smaller(monkeypatch):
    monkeypatch.setattr(table_size, "seconds_per_wave", lambda *_: 1e5)
    model = fit_table(table(900), "y", n_folds=2, minutes=0.5, clock=Clock(0.05), threads=1)
    assert {"epochs", "rows"} <= keys(model)
    (rows,) = [one for one in model.shortcuts if one.key == "rows"]
    assert rows.values == {"n": 200, "all": 450}
    assert np.isfinite(model.out_of_fold).all()


def test_screening_finds_what_goes_with_the_target_of_every_kind_of_column():
    rng = np.random.default_rng(1)
    n = 200
    y = rng.normal(0, 1, n)
    frame = pd.DataFrame({f"noise{i}": rng.normal(0, 1, n) for i in range(20)})
    frame["bent"] = np.exp(y)
    frame["level"] = np.where(y > 0, "up", "down").astype(object)
    frame["all-differ"] = [f"v{i}" for i in range(n)]
    frame["when"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.round(y * 1e6), unit="s")
    frame.loc[::7, ["bent", "when"]] = np.nan
    schema = infer_schema(frame, types={"all-differ": "category"})
    for target, task in ((y, "regression"), ((y > 0).astype(int), "classification")):
        kept = strongest_columns(frame, schema, target, task, 3)
        assert set(kept) == {"bent", "level", "when"}


def test_of_a_wide_category_the_most_frequent_levels_have_a_feature():
    levels = [f"v{i}" for i in range(30) for _ in range(5 + i)]
    frame = pd.DataFrame({"k": levels})
    whole = fit_encoder(frame, infer_schema(frame), Inputs())
    few = fit_encoder(frame, infer_schema(frame), Inputs(), 4)
    assert len(whole.names) == 30
    assert set(few.names) == {"k=v26", "k=v27", "k=v28", "k=v29", "k=(rare)"}
    assert (few.transform(frame).sum(axis=1) == 1).all()


def test_whatever_may_be_told_as_left_out_is_left_out_somewhere():
    folder = Path(table_search.__file__).parent
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    assert set(re.findall(r'Shortcut\("([\w-]+)"', source)) == set(SHORTCUTS)


def test_levels_without_a_feature_of_their_own_are_told_of(monkeypatch):
    frame = table(200).assign(k=[f"v{i % 10}" for i in range(200)])
    asked = {"n_folds": 2, "configurations": 1, "threads": 1}
    assert "levels" not in keys(fit_table(frame, "y", **asked))
    monkeypatch.setattr(fold_networks, "_FEWEST_LEVELS", 4)
    monkeypatch.setattr(fold_networks, "_MOST_LEVEL_CELLS", 0)
    (short,) = fit_table(frame, "y", **asked).shortcuts
    assert str(short) == "of wide categories only the 4 most frequent levels have a feature each"
    monkeypatch.setattr(fold_networks, "_FEWEST_LEVELS", 10)
    assert "levels" not in keys(fit_table(frame, "y", **asked))


def test_the_pages_numbers_leave_out_columns_that_weigh_little_and_say_so():
    frame = table(60, more=60)
    model = fit_table(frame, "y", n_folds=2, configurations=2, threads=1)
    found = explain(model, frame, seconds=2.0, clock=Clock(0.02))
    (short,) = [one for one in found.shortcuts if one.key == "importance"]
    assert short.values["n"] == len(found.importance) < 62
    assert set(found.importance["column"].head(2)) == {"x0", "x1"}
    whole = explain(model, frame, seconds=1e6, clock=Clock(0.0))
    assert len(whole.importance) == 62
    assert "importance" not in {one.key for one in whole.shortcuts}


@pytest.mark.slow
def test_fits_of_scikit_learn_end_when_the_time_does():
    frame = table(60)
    model = fit_table(frame, "y", n_folds=2, minutes=1, blend=True, clock=Clock(0.6), threads=1)
    assert "rivals" in keys(model)
    with FitProcesses(1) as processes:
        assert list(processes.run(lambda fold: (int, ()), 2, lambda: True)) == []


def test_gaps_and_texts_of_every_kind_of_column_are_part_of_a_fits_identity():
    words = pd.DataFrame(
        {"w": ["a", None, "b", "b"], "d": pd.to_datetime(["2020-01-01", None] * 2)}
    )
    moved = words.assign(w=["a", "b", None, "b"])
    named = words.assign(w=["a", "nan", "b", "b"])
    split = words.assign(w=["a", "b\x1fb", "b", "b"])
    schema, folds = infer_schema(words), np.arange(4) % 2
    tables = [
        TrainingTable(frame, schema, np.zeros(4), "regression", 0, folds)
        for frame in (words, moved, named, split, words.assign(d=words["d"].shift(1)))
    ]
    assert len({question.question_of(one, {}) for one in tables}) == len(tables)
    with Store(":memory:") as store:
        frame = pd.concat([words] * 5, ignore_index=True).assign(y=np.arange(20.0))
        fit_table(frame, "y", configurations=1, n_folds=2, threads=1, store=store)
