"""The factory: a schema and a preparation make an unfitted scikit-learn pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator
from sklearn.pipeline import Pipeline

from mlplab.errors import ConfigError
from mlplab.reading import read_word, refuse_unless
from mlplab.tabular.columns import Schema, check_schema, no_such_column
from mlplab.tabular.date_parts import DateParts
from mlplab.tabular.empty import EmptyToZero
from mlplab.tabular.encode import category_encoder, rank_encoder
from mlplab.tabular.impute import AFTER_SCALING, imputer
from mlplab.tabular.periodic import PeriodicFeatures
from mlplab.tabular.piecewise import PiecewiseLinear
from mlplab.tabular.preparation import Preparation, TargetKind
from mlplab.tabular.scale import scaler
from mlplab.tabular.skewed_log import SkewedLog
from mlplab.tabular.target_kind import TASKS
from mlplab.tabular.typed import Typed


def preparer(
    schema: Schema,
    preparation: Preparation | None = None,
    *,
    kind: TargetKind = "regression",
) -> Pipeline:
    """Return the unfitted pipeline from a frame to numbers.

    Numbers: logarithm of the skewed, imputation and scaling (`knn` and `iterative` impute after
    scaling), embedding; ranks and parts of dates pass through the same imputation and scaling. A
    fit sees only the rows that it is given: inside a scikit-learn Pipeline with a model, these are
    the training rows of each fold. `set_output(transform="pandas")` gives named columns.

    Args:
        schema: what the columns are; ids, constants, texts and ignored columns are left out.
        preparation: what is done; by default gaps get medians and levels features of their own.
        kind: of the target, for `categories="target"`.

    Raises:
        ConfigError: no usable column, or no order for `impute="interpolation"`.

    >>> import pandas as pd
    >>> from mlplab.tabular import infer_schema
    >>> frame = pd.DataFrame({"area": ["50", "NA", "70"], "zone": ["A", "B", "A"]})
    >>> steps = preparer(infer_schema(frame)).set_output(transform="pandas")
    >>> list(steps.fit_transform(frame).columns)
    ['area', 'area_missing', 'zone_A', 'zone_B']
    """
    check_schema(schema, needed=True)
    preparation = Preparation() if preparation is None else preparation
    refuse_unless("preparation", preparation, Preparation, "a Preparation")
    read_word("kind", kind, TASKS)
    numbers, dates = schema.names("number"), schema.names("date")
    ordered = schema.names("category", ordered=True)
    nominal = schema.names("category", ordered=False)
    if preparation.ordered == "one-hot":
        ordered, nominal = [], schema.names("category")
    order = _order(schema, preparation)
    branches: list[tuple[str, Any, list[str]]] = []
    # Interpolation is for numbers; the order itself, ranks and dates get medians then.
    plain = preparation.replace(impute="median") if order else preparation
    followers = [name for name in numbers if name not in order]
    leaders = [name for name in numbers if name in order]
    if followers:
        branches.append(("numbers", _numeric(preparation, along=order), [*order, *followers]))
    if leaders:
        branches.append(("order", _numeric(plain, along=[]), leaders))
    if numbers and preparation.indicator:
        branches.append(("missing", _Missing(), numbers))
    if ordered:
        ranks = rank_encoder([schema[name] for name in ordered])
        branches.append(("ranks", _after(ranks, plain), ordered))
        if preparation.indicator:
            branches.append(("ranks-missing", _Missing(), ordered))
    if dates:
        branches.append(("dates", _after(DateParts(preparation.dates), plain), dates))
    if nominal:
        branches.append(("categories", category_encoder(preparation, kind), nominal))
    if not branches:
        raise ConfigError(
            "schema: no column that a model can use; expected a number, category or date; "
            f"there are: {', '.join(f'{c.name} ({c.kind})' for c in schema.features) or 'none'}"
        )
    columns = ColumnTransformer(branches, verbose_feature_names_out=False, sparse_threshold=0.0)
    return Pipeline([("types", Typed(_with_numeric(schema, order))), ("columns", columns)])


class _Missing(MissingIndicator):  # type: ignore[misc]
    """scikit-learn's indicator of gaps, for the columns that had some in training."""

    def __init__(self) -> None:
        super().__init__(features="missing-only", error_on_new=False)

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Find the columns with gaps, and return where they are."""
        return super().fit_transform(X, y).astype(float)

    def transform(self, X: Any) -> Any:
        """Return 1 where a number is missing, else 0, one column per column with gaps."""
        return super().transform(X).astype(float)

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Return names such as `area_missing`."""
        names = super().get_feature_names_out(input_features)
        prefix = type(self).__name__.lower() + "_"
        return np.array([f"{str(name).removeprefix(prefix)}_missing" for name in names], object)


def _numeric(preparation: Preparation, along: list[str]) -> Pipeline:
    steps: list[tuple[str, Any]] = []
    log = SkewedLog(preparation.log_skew) if preparation.log_skew is not None else None
    fill, scale = imputer(preparation), scaler(preparation)
    if along:
        # The order is consumed first, before anything changes its numbers.
        steps += [("impute", fill), ("log", log), ("scale", scale)]
    elif preparation.impute in AFTER_SCALING:
        steps += [("empty", EmptyToZero()), ("log", log), ("scale", scale), ("impute", fill)]
    else:
        steps += [("log", log), ("impute", fill), ("scale", scale)]
    if preparation.embed == "piecewise-linear":
        steps.append(("embed", PiecewiseLinear(preparation.bins)))
    elif preparation.embed == "periodic":
        waves = (preparation.frequencies, preparation.sigma, preparation.seed)
        steps.append(("embed", PeriodicFeatures(*waves)))
    return Pipeline([step for step in steps if step[1] is not None])


def _after(first: Any, preparation: Preparation) -> Pipeline:
    """Ranks and parts of dates: imputed and scaled as numbers are, neither logged nor embedded."""
    plain = preparation.replace(log_skew=None, embed="none")
    return Pipeline([("encode", first), *_numeric(plain, along=[]).steps])


def _order(schema: Schema, preparation: Preparation) -> list[str]:
    if preparation.impute != "interpolation":
        return []
    name = preparation.along
    if name is None:
        ids = schema.names("id")
        if len(ids) != 1:
            raise ConfigError(
                f"impute='interpolation' needs an order of the rows; there are {len(ids)} ids "
                "to follow; name a column by along="
            )
        return ids
    known = [column.name for column in schema.features]
    if name not in known:
        raise ConfigError(no_such_column(name, known, "along"))
    if schema[name].kind not in ("number", "id"):
        raise ConfigError(f"along: expected a column of numbers; {name!r} is {schema[name].kind}")
    return [name]


def _with_numeric(schema: Schema, order: list[str]) -> Schema:
    """The order of an interpolation is read as numbers, though it may be an id."""
    return schema.with_types(dict.fromkeys(order, "number"))
