"""Targets: which numbers are classes, and labels that come back as they were."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris, load_wine

from mlplab.errors import DataError
from mlplab.tabular import fit_table, infer_schema, load_table_model, read_table

N = 60
rng = np.random.default_rng(0)
x = rng.normal(size=N)
b = x > 0
quick = functools.partial(fit_table, configurations=1, threads=1, n_folds=2)

# name -> labels of rows, two or four of them
CLASSES = {
    "whole": b.astype(int),
    "small whole": b.astype(np.int8),
    "booleans": b,
    "texts of digits": np.where(b, "1", "0"),
    "1 to 4": np.digitize(x, [-0.7, 0, 0.7]) + 1,
    "minus one": np.where(b, 1, -1),
    "floats": b.astype(float),
    "two floats": np.where(b, 2.5, -0.5),
    "words": np.where(b, "yes", "no"),
    "blanks around": np.where(b, "yes ", "no"),
    "categories": pd.Categorical(np.where(b, "u", "v")),
    "categories of numbers": pd.Categorical(b.astype(int)),
    "nullable whole": pd.array(b.astype(int), dtype="Int64"),
    "nullable booleans": pd.array(b, dtype="boolean"),
    "nullable texts": pd.array(np.where(b, "p", "q"), dtype="string"),
    "objects": np.array([bool(one) for one in b], dtype=object),
    "two kinds": np.array([1 if one else "a" for one in b], dtype=object),
}


@pytest.mark.parametrize("name", CLASSES)
def test_labels_come_back_as_they_were_also_from_a_file(name, tmp_path):
    frame = pd.DataFrame({"x": x, "y": CLASSES[name]})
    model = quick(frame, "y")
    assert model.task == "classification"
    own = frame["y"].drop_duplicates().tolist()
    assert {(type(one), one) for one in model.classes} == {(type(one), one) for one in own}
    predicted = model.predict(frame)
    assert {(type(one), one) for one in predicted.tolist()} <= {(type(one), one) for one in own}
    assert np.mean([p == t for p, t in zip(predicted, frame["y"], strict=True)]) > 0.7
    likeliest = model.predict_proba(frame).argmax(axis=1)
    assert [model.classes[place] for place in likeliest] == predicted.tolist()
    model.save(tmp_path / "model")
    again = load_table_model(tmp_path / "model")
    assert [(type(one), one) for one in again.classes] == [(type(o), o) for o in model.classes]
    assert again.predict(frame).dtype == predicted.dtype
    assert again.predict(frame).tolist() == predicted.tolist()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 1] * 20, "category"),
        ([0.0, 1.0] * 20, "category"),
        ([0.5, 1.5] * 20, "category"),
        (["0", "1"] * 20, "category"),
        (["0", "1", ""] * 20, "category"),
        ([0.0, 1.0, None] * 20, "category"),
        ([3, 7], "category"),
        ([1, 2, 3, 4] * 10, "category"),
        ([10, 20, 30] * 10, "category"),
        ([1, 2, 3, 4] * 3, "number"),
        ([0.5, 1, 1.5] * 20, "number"),
        (list(range(10)) * 5, "category"),
        (list(range(11)) * 5, "number"),
        ([0] * 30 + [1] * 20 + [2] * 9 + [3], "number"),
        (["a", "b"] * 20, "category"),
        ([5] * 20, "constant"),
    ],
)
def test_which_targets_are_classes(values, kind):
    frame = pd.DataFrame({"x": np.linspace(0, 1, len(values)), "y": values})
    assert infer_schema(frame, target="y")["y"].kind == kind
    if kind != "constant" and values != ["a", "b"] * 20:
        assert infer_schema(frame, target="y", task="regression")["y"].kind == "number"
        assert infer_schema(frame, target="y", types={"y": "number"})["y"].kind == "number"
        assert infer_schema(frame, target="y", task="classification")["y"].kind == "category"
    # what is no target stays a number
    assert infer_schema(frame)["y"].kind in ("number", "constant", "category")
    if isinstance(values[0], int | float) and kind != "constant":
        assert infer_schema(frame)["y"].kind == "number"


@pytest.mark.parametrize("load", [load_iris, load_wine, load_digits])
def test_real_classes_are_classes_from_frame_and_file(load, tmp_path):
    frame = load(as_frame=True).frame
    assert infer_schema(frame, target="target")["target"].kind == "category"
    frame.to_csv(tmp_path / "t.csv", index=False)
    table = read_table(tmp_path / "t.csv", target="target")
    assert table.schema["target"].kind == "category"
    assert set(table.target) == {str(one) for one in frame["target"]}


def test_a_task_or_metric_or_declaration_overrides_what_a_target_looks_like():
    frame = pd.DataFrame({"x": x, "y": b.astype(int)})
    for how in (
        {"task": "regression"},
        {"metric": "rmse"},
        {"schema": infer_schema(frame, target="y", types={"y": "number"})},
    ):
        model = quick(frame, "y", **how)
        assert (model.task, model.classes) == ("regression", ())
        assert model.predict(frame).dtype == np.float64
    # a schema that was made without the target says nothing of it
    assert quick(frame, "y", schema=infer_schema(frame)).task == "classification"
    many = pd.DataFrame({"x": x, "y": np.round(3 * x)})
    model = quick(many, "y", task="classification")
    assert set(model.predict(many)) <= set(many["y"])


def test_classes_that_are_numbers_stand_in_their_order():
    model = quick(pd.DataFrame({"x": x, "y": np.digitize(x, [-1, 0, 1]) * 50 + 7}), "y")
    assert model.classes == (7, 57, 107, 157)
    texts = quick(pd.DataFrame({"x": x, "y": np.where(b, "10", "9")}), "y")
    assert texts.classes == ("9", "10")


def test_a_class_without_end_is_its_text_so_that_a_file_can_hold_it(tmp_path):
    model = quick(pd.DataFrame({"x": x, "y": np.where(b, np.inf, 1.0)}), "y")
    model.save(tmp_path / "model")
    assert load_table_model(tmp_path / "model").classes == model.classes == (1.0, "inf")


def test_labels_of_a_file_are_its_texts(tmp_path):
    for labels in (("True", "False"), ("1", "0"), ("1.0", "0.0"), ("01", "02"), ("yes", "no")):
        pd.DataFrame({"x": x, "y": np.where(b, *labels)}).to_csv(tmp_path / "t.csv", index=False)
        table = read_table(tmp_path / "t.csv", target="y")
        model = quick(table)
        assert set(model.classes) == set(labels)
        assert set(model.predict(table.frame)) <= set(labels)


def test_one_class_is_refused_and_names_it():
    with pytest.raises(DataError, match=r"expected at least 2 classes; got \['a'\]"):
        quick(pd.DataFrame({"x": x, "y": "a"}), "y")


def test_a_class_of_one_row_and_nested_folds_keep_labels():
    labels = b.astype(int)
    labels[3] = 7
    model = quick(pd.DataFrame({"x": x, "y": labels}), "y", task="classification", nested=True)
    assert model.classes == (0, 1, 7)
    assert np.isfinite(model.cv.nested)


def test_a_frame_in_memory_is_warned_about():
    frame = pd.DataFrame({"x": x, "price": [f"${1000 + i:,}" for i in range(N)]})
    frame["y"] = np.arange(N) % 12
    with (
        pytest.warns(UserWarning, match="price: entries such as '.1,000' are read as numbers"),
        pytest.warns(UserWarning, match="target 'y': 12 different numbers only; if they are"),
    ):
        assert quick(frame, "y").task == "regression"
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        quick(frame, "y", schema=infer_schema(frame, target="y"), task="regression")
