"""How long, in what portions and towards what a network is trained."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mlplab.specs.base import Spec


class Fit(Spec):
    """The course of one training.

    >>> Fit(epochs=3).batch_size
    256
    """

    epochs: int = Field(10, ge=1, description="Passes over the training rows.")
    batch_size: int = Field(256, ge=1, description="Examples per step.")
    last_batch: Literal["drop", "keep"] = Field(
        "drop", description="What happens to the partial last batch of an epoch."
    )
    loss: Literal["auto", "cross-entropy", "squared"] = Field(
        "auto", description="auto: cross-entropy for classes, squared for numbers."
    )
    test: Literal["never", "end", "epoch"] = Field(
        "end", description="When the test split is scored; curves are descriptive only."
    )
    measures: tuple[str, ...] = Field(
        (), description="Further metrics by name: grad_norm, or the user's own."
    )
    dtype: Literal["float32", "float64"] = Field("float32", description="Arithmetic.")
