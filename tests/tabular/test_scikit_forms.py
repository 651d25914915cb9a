"""Arrays kept of scikit-learn's models predict as the models do."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import SVR

from mlplab.tabular.scikit_forms import KernelForm, LinearForm, TreesForm
from mlplab.tabular.scikit_members import form_outputs

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 4)).astype(np.float32)
NUMBERS = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
NEW = RNG.normal(size=(60, 4)).astype(np.float32)


@pytest.mark.parametrize(
    ("model", "form"),
    [
        (Ridge(1.0), LinearForm),
        (SVR(C=3.0, gamma=0.3), KernelForm),
        (GradientBoostingRegressor(n_estimators=20, random_state=0), TreesForm),
        (HistGradientBoostingRegressor(max_iter=20, random_state=0), TreesForm),
    ],
)
def test_numbers(model, form):
    kept = form.of(model.fit(X, NUMBERS))
    kept.check(4, 1)
    wanted = model.predict(NEW) * 2.0 + 1.0
    np.testing.assert_allclose(form_outputs(kept, NEW, 0, 1.0, 2.0), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    ("model", "form"),
    [
        (LogisticRegression(), LinearForm),
        (GradientBoostingClassifier(n_estimators=10, random_state=0), TreesForm),
        (HistGradientBoostingClassifier(max_iter=10, random_state=0), TreesForm),
    ],
)
def test_probabilities(model, form, n_classes):
    classes = np.digitize(NUMBERS, [-0.5, 0.5][: n_classes - 1])
    kept = form.of(model.fit(X, classes))
    kept.check(4, 1 if n_classes == 2 else n_classes)
    wanted = model.predict_proba(NEW)
    np.testing.assert_allclose(form_outputs(kept, NEW, n_classes, 0, 1), wanted, atol=1e-6)
