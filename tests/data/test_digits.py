"""The embedded digits: scikit-learn's own rows, a fifth of them set aside for ever."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from mlplab.data import digits as digits_module
from mlplab.data import load_task


def test_every_row_of_scikit_learn_is_there_once_with_its_label():
    x, y = load_digits(return_X_y=True)
    task = load_task("digits")
    ours = np.column_stack([task.inputs, task.targets])
    theirs = np.column_stack([x, y]).astype(ours.dtype)
    assert sorted(map(tuple, ours)) == sorted(map(tuple, theirs))
    assert task.inputs.dtype == np.uint8
    assert task.inputs.max() * task.input_scale == 1.0


def test_pool_and_test_keep_the_original_order_and_hold_every_class():
    x, _ = load_digits(return_X_y=True)
    rows = {tuple(image): i for i, image in enumerate(x.astype(np.uint8))}
    task = load_task("digits")
    for part in (task.pool, task.test_rows("try")):
        places = [rows[tuple(image)] for image in task.inputs[part]]
        assert places == sorted(places)
        assert set(task.targets[part]) == set(range(10))


def test_the_content_is_that_of_the_stored_results():
    assert load_task("digits").content == (
        "c69e3a4c204de3ed305e042272855d7ee646ff7cd4aec53cfb93b6ad9cb5c118"
    )


def test_without_the_file_scikit_learns_loader_gives_the_same(monkeypatch):
    quick = load_task("digits").content
    monkeypatch.setattr(digits_module.Path, "is_file", lambda path: False)
    assert load_task("digits").content == quick
