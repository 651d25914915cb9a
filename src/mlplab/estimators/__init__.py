"""Multilayer perceptrons with scikit-learn's API: each one is a population, trained as one."""

from mlplab.estimators.classifier import MLPClassifier
from mlplab.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
