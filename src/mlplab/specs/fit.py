"""How long, in what portions and towards what a network is trained."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mlplab.specs.base import Spec


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


class Fit(Spec):
    """The course of one training.

    >>> Fit(epochs=3).batch_size
    256
    """

    epochs: int = Field(default=10, ge=1, description="Passes over the training rows.")
    batch_size: int = Field(default=256, ge=1, description="Examples per step.")
    last_batch: Literal["drop", "keep"] = Field(
        default="drop", description="What happens to the partial last batch of an epoch."
    )
    loss: Literal["auto", "cross-entropy", "squared", "absolute", "huber", "log-cosh"] = Field(
        default="auto", description="auto: cross-entropy for classes, squared for numbers."
    )
    label_smoothing: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of each target spread over all classes in training.",
    )
    huber_delta: float = Field(
        default=1.0, gt=0, description="Error from which the huber loss grows linearly."
    )
    ema: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Decay of the running mean of the weights, which is scored "
        "and kept instead of the last ones; 0 keeps the last.",
    )
    patience: int = Field(
        default=0,
        ge=0,
        description="Epochs without a better `monitor` after which a run ends; 0 never.",
    )
    monitor: Literal["valid_loss", "valid_accuracy", "valid_rmse"] = Field(
        default="valid_loss", description="What `patience` watches."
    )
    restore_best: bool = Field(
        default=True,
        description="Whether a run with `patience` ends with the weights of its best epoch.",
    )
    test: Literal["never", "end", "epoch"] = Field(
        default="end", description="When the test split is scored; curves are descriptive only."
    )
    measures: Annotated[tuple[str, ...], AfterValidator(_each_once)] = Field(
        default=(), description="Further metrics by name: grad_norm, or the user's own."
    )
    dtype: Literal["float32", "float64"] = Field(default="float32", description="Arithmetic.")

    def _idle(self) -> Collection[str]:
        unwatched = () if self.patience else ("monitor", "restore_best")
        return (*unwatched, *(() if self.loss == "huber" else ("huber_delta",)))
