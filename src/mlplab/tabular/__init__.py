"""From a table to numbers and back: reading, types, preparation on training rows, submissions."""

from mlplab.tabular.adversarial import ToldApart, tell_tables_apart
from mlplab.tabular.columns import KINDS, Column, Schema
from mlplab.tabular.conform import conform
from mlplab.tabular.date_parts import DateParts
from mlplab.tabular.empty import EmptyToZero
from mlplab.tabular.facts import (
    constant_columns,
    duplicate_columns,
    missing_map,
    missing_table,
    missing_together,
)
from mlplab.tabular.folds import PreparedFold, prepare_folds
from mlplab.tabular.infer import infer_schema
from mlplab.tabular.interpolation import InterpolationImputer
from mlplab.tabular.iterative import RoundsImputer
from mlplab.tabular.periodic import PeriodicFeatures
from mlplab.tabular.piecewise import PiecewiseLinear
from mlplab.tabular.preparation import Preparation
from mlplab.tabular.prepare import preparer
from mlplab.tabular.quantile_scale import QuantileScaler
from mlplab.tabular.read import Table, read_table
from mlplab.tabular.skewed_log import SkewedLog
from mlplab.tabular.smooth_clip import SmoothClipScaler
from mlplab.tabular.submission import check_submission, write_submission
from mlplab.tabular.typed import Typed
from mlplab.tabular.values import MISSING

__all__ = [
    "KINDS",
    "MISSING",
    "Column",
    "DateParts",
    "EmptyToZero",
    "InterpolationImputer",
    "PeriodicFeatures",
    "PiecewiseLinear",
    "Preparation",
    "PreparedFold",
    "QuantileScaler",
    "RoundsImputer",
    "Schema",
    "SkewedLog",
    "SmoothClipScaler",
    "Table",
    "ToldApart",
    "Typed",
    "check_submission",
    "conform",
    "constant_columns",
    "duplicate_columns",
    "infer_schema",
    "missing_map",
    "missing_table",
    "missing_together",
    "prepare_folds",
    "preparer",
    "read_table",
    "tell_tables_apart",
    "write_submission",
]
