"""From a table to numbers and back: reading, types, preparation on training rows, submissions."""

from mlplab.tabular.classified import calibration_table, confusion_table
from mlplab.tabular.columns import KINDS, Column, Schema
from mlplab.tabular.conform import conform
from mlplab.tabular.copies import copied_rows
from mlplab.tabular.date_parts import DateParts
from mlplab.tabular.dependence import partial_dependence
from mlplab.tabular.empty import EmptyToZero
from mlplab.tabular.explanation import Explanation, explain
from mlplab.tabular.facts import (
    constant_columns,
    duplicate_columns,
    missing_map,
    missing_table,
    missing_together,
)
from mlplab.tabular.folds import PreparedFold, prepare_folds
from mlplab.tabular.importance import permutation_importance
from mlplab.tabular.infer import infer_schema
from mlplab.tabular.interpolation import InterpolationImputer
from mlplab.tabular.iterative import RoundsImputer
from mlplab.tabular.model_files import load_table_model
from mlplab.tabular.periodic import PeriodicFeatures
from mlplab.tabular.piecewise import PiecewiseLinear
from mlplab.tabular.preparation import Preparation
from mlplab.tabular.prepare import preparer
from mlplab.tabular.quantile_scale import QuantileScaler
from mlplab.tabular.read import Table, read_table
from mlplab.tabular.residuals import residual_table, unusual_values, worst_rows
from mlplab.tabular.skewed_log import SkewedLog
from mlplab.tabular.smooth_clip import SmoothClipScaler
from mlplab.tabular.stacked_folds import StackedFolds, stack_folds
from mlplab.tabular.submission import check_submission, write_submission
from mlplab.tabular.table_fit import fit_table
from mlplab.tabular.table_model import CrossValidation, TableModel
from mlplab.tabular.timed_shift import TableShift
from mlplab.tabular.typed import Typed
from mlplab.tabular.values import MISSING

__all__ = [
    "KINDS",
    "MISSING",
    "Column",
    "CrossValidation",
    "DateParts",
    "EmptyToZero",
    "Explanation",
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
    "StackedFolds",
    "Table",
    "TableModel",
    "TableShift",
    "Typed",
    "calibration_table",
    "check_submission",
    "conform",
    "confusion_table",
    "constant_columns",
    "copied_rows",
    "duplicate_columns",
    "explain",
    "fit_table",
    "infer_schema",
    "load_table_model",
    "missing_map",
    "missing_table",
    "missing_together",
    "partial_dependence",
    "permutation_importance",
    "prepare_folds",
    "preparer",
    "read_table",
    "residual_table",
    "stack_folds",
    "unusual_values",
    "worst_rows",
    "write_submission",
]
