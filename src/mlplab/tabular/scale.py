"""The scalers by name."""

from __future__ import annotations

from typing import Any

from sklearn.preprocessing import RobustScaler, StandardScaler

from mlplab.tabular.preparation import Preparation
from mlplab.tabular.quantile_scale import QuantileScaler
from mlplab.tabular.smooth_clip import SmoothClipScaler


def scaler(preparation: Preparation) -> Any:
    """Return the unfitted scaler that a preparation names; None for none.

    >>> scaler(Preparation(scale="standard")).fit_transform([[1.0], [3.0]]).tolist()
    [[-1.0], [1.0]]
    """
    makers = {
        "none": lambda: None,
        "standard": StandardScaler,
        "robust": RobustScaler,
        "quantile": lambda: QuantileScaler(random_state=preparation.seed),
        "smooth-clip": SmoothClipScaler,
    }
    return makers[preparation.scale]()
