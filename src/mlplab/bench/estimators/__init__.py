"""The estimators with their defaults, beside scikit-learn's and without single choices."""
