"""Photographs and cartoons: folds, samples, p-values, weights, and a folder of one's own."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from mlplab.data import task_from_arrays
from mlplab.errors import ConfigError, DataError
from mlplab.exercises import answer, get_exercise
from mlplab.exercises.section_4_9 import cartooned
from mlplab.exercises.section_4_9.cartooned import SQUARES
from mlplab.exercises.section_4_9.shift_correction import known_shift
from mlplab.exercises.section_4_9.shift_correction.rounding import rounded
from mlplab.exercises.section_4_9.shift_detector import domains, two_samples
from mlplab.experiment import Experiment
from mlplab.experiment.weights import run_weights, unpack_weights
from mlplab.shift.images import resize_image
from mlplab.specs import MLP, SGD, Fit, Init, Run

pillow = pytest.importorskip("PIL.Image", reason="Pillow is not installed")


@pytest.fixture(scope="module")
def images(coarse_features):
    """Pixels in place of a network's features."""


@pytest.fixture
def photographs(tmp_path, images):
    """A folder with 40 bright and 40 dark images."""
    rng = np.random.default_rng(0)
    for name, level in (("bright", 140), ("dark", 40)):
        for number in range(40):
            small = rng.integers(level, level + 60, (6, 6, 3)).astype(np.uint8)
            path = tmp_path / "photographs" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pillow.fromarray(resize_image(small, 48, 48)).save(path)
    return tmp_path / "photographs"


@pytest.mark.parametrize(("n", "m"), [(5, 5), (3, 7), (20, 20)])
def test_p_values_of_an_auc_are_those_of_the_rank_test(n, m):
    rng = np.random.default_rng(n)
    for shift in (0.0, 0.5, 2.0):
        first, second = rng.normal(size=n), rng.normal(shift, size=m)
        found = mannwhitneyu(second, first, alternative="greater", method="exact")
        p = two_samples.auc_p(np.array([found.statistic / (n * m)]), n, m)
        assert p == pytest.approx([found.pvalue], rel=1e-9)


def test_no_square_of_a_held_out_photograph_is_trained_on(images):
    parts = domains.folds(SQUARES, 5)
    groups = cartooned.collection(SQUARES).groups
    assert [set(groups[rows]) for rows in parts] == [{k} for k in range(len(parts))]
    from mlplab.data import load_task

    ref = domains.domains(SQUARES, 5, 3)
    task = load_task(ref.name, **ref.params)
    every = cartooned.features(SQUARES, np.concatenate(parts))
    for fold in range(3):
        split = task.split(fold, domains.own_rows(SQUARES, 5))
        assert (len(split.train), len(split.valid)) == (2 * 5 * (len(parts) - 1), 10)
        held = task.inputs[split.valid][task.targets[split.valid] == 1]
        np.testing.assert_array_equal(held, every[5 * fold : 5 * fold + 5])
        trained = {row.tobytes() for row in task.inputs[split.train]}
        assert not trained & {row.tobytes() for row in held}


def test_no_image_is_in_both_samples_and_smaller_shares_are_parts_of_larger(images, monkeypatch):
    numbers = np.arange(50, dtype=np.float32)[:, None]
    monkeypatch.setattr(two_samples, "both_domains", lambda source, n: (numbers, numbers + 100))
    first, none = two_samples.pair("", 50, 0, 0.0, 20)
    assert not set(first.ravel()) & set(none.ravel())
    drawn = [two_samples.pair("", 50, 0, share, 20)[1] >= 100 for share in (0.0, 0.3, 0.7, 1.0)]
    assert [one.sum() for one in drawn][::3] == [0, 20]
    assert all((one <= other).all() for one, other in pairwise(drawn))


def test_weights_that_are_rounded_have_three_digits_and_the_same_mean():
    weights = np.random.default_rng(0).lognormal(0, 2, 1000)
    found = rounded(weights)
    np.testing.assert_allclose(found, weights / weights.mean(), rtol=5.1e-3)
    assert rounded(found * (1 + 1e-13)).tolist() == rounded(found).tolist()


def test_the_true_ratio_makes_means_over_training_rows_those_of_the_target():
    x = np.concatenate([known_shift.draw(seed)[0] for seed in range(400)])
    ratio = known_shift.true_ratio(x)
    error = 4 / len(x) ** 0.5
    assert ratio.mean() == pytest.approx(1, abs=error * ratio.std())
    mean, deviation = known_shift.TARGET
    assert (ratio * x**2).mean() == pytest.approx(
        mean**2 + deviation**2, abs=error * (ratio * x**2).std()
    )


@pytest.mark.parametrize("name", ["4.9.2", "4.9.3"])
def test_a_folder_of_ones_own_is_answered_on_and_leaves_the_ledger_alone(name, photographs):
    from mlplab.store import Store

    store = Store(":memory:")
    found = answer(
        get_exercise(name), seeds=3, store=store, workers=1, images=photographs, progress=False
    )
    assert [one.key for one in found.verdicts] == list(found.exercise.claims)
    assert "your folder" in found.report().answer["en"]
    kept = {row["exercise"] for row in store.verdicts() if row["profile"] != "exact"}
    assert not kept


def test_a_folder_that_does_not_serve_is_one_line(photographs):
    for folder, line in (
        (photographs / "none", "none: expected a folder of images; nothing is there"),
        (photographs / "dark", "dark: expected two sub-folders of images or more, one a class"),
    ):
        with pytest.raises(DataError, match=line):
            cartooned.collection(str(folder))
    (photographs / "dark" / "0.png").unlink()
    with pytest.raises(DataError, match="expected at least 80 images; got 79"):
        cartooned.collection(str(photographs))


def test_an_exercise_without_images_names_those_with(photographs):
    with pytest.raises(ConfigError, match=r"4\.2\.1 takes no folder.*these do: 4\.9\.2, 4\.9\.3"):
        answer(get_exercise("4.2.1"), images=photographs, store=":memory:")


def test_the_mean_of_the_sources_weights_is_a_factor_of_the_rate():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)).astype(np.float32), rng.integers(0, 2, 40)
    beta = np.minimum(rng.lognormal(-1, 1, 40), 1)
    wanted = np.zeros((3, 2))
    for _ in range(5):
        p = np.exp(X @ wanted)
        slopes = p / p.sum(axis=1, keepdims=True) - np.eye(2)[y]
        wanted -= 0.5 * X.T @ (beta[:, None] * slopes) / len(X)
    run = Run(
        # Biases would take part: the loop above has none.
        net=MLP(hidden=(), init=Init(kind="zeros")),
        optim=SGD(lr=0.5 * float(beta.mean())),
        fit=Fit(epochs=5, batch_size=len(X)),
    )
    both = np.concatenate([X, -X])
    labels = np.concatenate([y, 1 - y])
    task = task_from_arrays(both, labels, weights=np.tile(beta, 2), kind="classification")
    runs = Experiment(task, run.with_value("fit.batch_size", 80), seeds=1).run(
        ":memory:", keep_weights=True, progress=False, workers=1
    )
    layer = unpack_weights(run_weights(runs.cells, runs, False)[0])
    # With every row and its mirror image, biases stay 0 and the slopes are those of one half.
    np.testing.assert_allclose(layer["layers.0.bias"], 0, atol=1e-6)
    np.testing.assert_allclose(layer["layers.0.weight"].T, wanted, rtol=1e-4, atol=1e-6)
