"""Charts from tidy frames and verdicts: one spec, interactive on a page, SVG and PNG beside it."""

from mlplab.draw.best import best_set
from mlplab.draw.calibration import calibration_chart
from mlplab.draw.critical import critical_differences
from mlplab.draw.curves import learning_curves
from mlplab.draw.effects import interaction_plot, main_effects
from mlplab.draw.factor import metric_by_factor
from mlplab.draw.figure import Figure
from mlplab.draw.grid import confusion_grid, gap_map
from mlplab.draw.heat import heat_map
from mlplab.draw.histogram import estimate_histogram
from mlplab.draw.interval_rows import interval_rows
from mlplab.draw.lines import band_lines
from mlplab.draw.marginal import trials_by_factor
from mlplab.draw.paired import paired_differences
from mlplab.draw.parallel import parallel_coordinates
from mlplab.draw.rows import SEED_RANGE, Band, summarise
from mlplab.draw.sample_histograms import sample_histograms
from mlplab.draw.scatter import scatter
from mlplab.draw.strip import spread_strips
from mlplab.draw.surface import loss_surface
from mlplab.draw.theme import DARK, LIGHT, THEMES, Theme, chart_config
from mlplab.draw.words import Quantity, Text, factor_name, in_language, quantity, value_text

__all__ = [
    "DARK",
    "LIGHT",
    "SEED_RANGE",
    "THEMES",
    "Band",
    "Figure",
    "Quantity",
    "Text",
    "Theme",
    "band_lines",
    "best_set",
    "calibration_chart",
    "chart_config",
    "confusion_grid",
    "critical_differences",
    "estimate_histogram",
    "factor_name",
    "gap_map",
    "heat_map",
    "in_language",
    "interaction_plot",
    "interval_rows",
    "learning_curves",
    "loss_surface",
    "main_effects",
    "metric_by_factor",
    "paired_differences",
    "parallel_coordinates",
    "quantity",
    "sample_histograms",
    "scatter",
    "spread_strips",
    "summarise",
    "trials_by_factor",
    "value_text",
]
