"""The third verdict: whether a model's error rises on the second sample."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind
from sklearn.linear_model import LogisticRegression

from mlplab.data import task_from_arrays
from mlplab.errors import ConfigError, DataError
from mlplab.shift import detect, encode
from mlplab.shift.detection.harm import TRIFLE, harm_from_errors
from mlplab.shift.detection.labels import judge_harm
from mlplab.shift.detection.permutations import labellings
from mlplab.specs import Joined

FEW = {"n_permutations": 19, "seed": 0, "workers": 1}


def classes(n, seed, move=0.0):
    """Rows whose class is decided by the first two columns; the first may be moved."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4))
    if move:
        x[:, 0] = 0.3 * x[:, 0] + move
    return x, (np.sin(1.5 * x[:, 0]) + x[:, 1] > 0).astype(int)


def judge(x, y, x2, y2=None, model=None, **settings):
    return judge_harm(encode(x, x2), (x, x2), y, y2, model, **(FEW | settings))


def test_errors_are_compared_by_welch():
    rng = np.random.default_rng(0)
    first, second = (rng.random(200) < 0.1) * 1.0, (rng.random(150) < 0.3) * 1.0
    found = harm_from_errors(first, second, TRIFLE)
    theirs = ttest_ind(second, first, equal_var=False)
    assert found.size == pytest.approx(second.mean() - first.mean())
    np.testing.assert_allclose(found.interval, theirs.confidence_interval(0.95))
    assert found.p == pytest.approx(theirs.pvalue / 2)
    assert found.verdict == "supported"
    assert harm_from_errors(second, first, TRIFLE).verdict == "refuted"
    assert harm_from_errors(first[:50], second[50:80], 0.0).verdict == "undecided" or (
        harm_from_errors(first[:50], second[50:80], 0.0).interval[0] > 0
    )


def test_a_class_that_the_training_half_lacks_is_not_taken_for_another():
    x, y = classes(201, 0)
    words = np.array(["a", "c"], dtype=object)[y]
    # the last in the order that draws the halves
    words[np.random.default_rng(0).permutation(201)[-1]] = "b"
    x2, y2 = classes(200, 1)
    found = judge(x, words, x2, np.array(["a", "c"])[y2])
    assert found.size == pytest.approx(judge(x, y, x2, y2).size, abs=0.05)
    assert float(found.note.split()[4]) < 0.2  # the mean error on the second sample
    assert judge(x, words, x2).p > 0.05


def test_errors_without_any_spread_claim_no_certainty():
    found = harm_from_errors(np.zeros(50), np.zeros(40), TRIFLE)
    assert found.interval == (-1 / 40, 1 / 40)
    assert found.verdict == "undecided"
    with pytest.raises(DataError, match="second sample: expected labels of at least 2 rows"):
        harm_from_errors(np.zeros(50), np.zeros(1), TRIFLE)


def test_labels_of_the_second_sample_tell_the_errors():
    (x, y), (x2, y2) = classes(600, 0), classes(300, 1)
    assert judge(x, y, x2, y2).size == pytest.approx(0, abs=0.08)
    turned = judge(x, y, x2, 1 - y2)
    assert turned.verdict == "supported"
    assert turned.size > 0.5


def test_a_users_model_sees_the_tables_as_they_were_given():
    (x, y), (x2, y2) = classes(400, 0), classes(200, 1)
    names = list("abcd")
    frames = pd.DataFrame(x, columns=names), pd.DataFrame(x2, columns=names)
    words = np.array(["no", "yes"])
    model = LogisticRegression().fit(*map(np.asarray, (frames[0], words[y])))
    model.feature_names_in_ = np.array(names, dtype=object)
    found = detect(*frames, target=words[y], second_target=words[1 - y2], model=model,
                   n_permutations=19, workers=1)  # fmt: skip
    wrong = (model.predict(frames[1]) != words[1 - y2]).mean()
    assert found.harmful is not None
    assert found.harmful.verdict == "supported"
    assert f"{wrong:.3g} on 200 rows of the second sample" in found.harmful.note


def test_networks_contest_the_model_where_no_training_rows_are():
    x, y = classes(600, 0)
    moved = judge(x, y, classes(150, 1, move=3.0)[0])
    alike = judge(x, y, classes(150, 1)[0])
    assert moved.verdict == "supported"
    assert moved.size > 0.05
    assert alike.verdict != "supported"
    assert abs(alike.size) < 0.02
    assert alike.interval[0] < alike.interval[1]


def test_joined_rows_are_the_last_ones_or_as_many_at_random():
    task = task_from_arrays(np.arange(20.0)[:, None], np.arange(20) % 2)
    rows = Joined(n_kept=8, n_joined=5, seed=3)
    labels = labellings(7, 12, 4, seed=3)
    np.testing.assert_array_equal(task.split(0, rows).train, [*range(8), *range(15, 20)])
    for number in range(5):
        train = task.split(number, rows).train
        np.testing.assert_array_equal(train, [*range(8), *(8 + np.flatnonzero(labels[number]))])
    with pytest.raises(ConfigError, match="n_joined: expected at most 12 rows beside the 8 kept"):
        task.split(0, Joined(n_kept=8, n_joined=13))


def test_numbers_need_labels_of_the_second_sample():
    x, _ = classes(200, 0)
    y = x @ [1.0, -1.0, 0.5, 0.0]
    assert judge(x, y, x + 1) is None
    found = judge(x, y, x, y + 5)
    assert found.verdict == "supported"
    assert found.size == pytest.approx(5, abs=1)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (np.zeros(199), r"labels of the first sample: expected \(200,\); got \(199,\)"),
        (np.array(["a"] * 199 + [None], object), "row 199 has none; drop such rows"),
        (np.zeros(200), "expected at least two classes in the first sample; got one"),
    ],
)
def test_unusable_labels_are_refused(labels, says):
    x, _ = classes(200, 0)
    with pytest.raises(DataError, match=says):
        judge(x, labels, x)


def test_a_model_that_answers_otherwise_is_refused():
    x, y = classes(200, 0)

    class Stranger:
        def predict(self, rows):
            return np.full(len(rows), 7)

    with pytest.raises(ConfigError, match=r"model: expected predictions among \[0, 1\]; got"):
        judge(x, y, x, model=Stranger())
    with pytest.raises(ConfigError, match="target: needed with second_target or model"):
        detect(x, x, second_target=y)
