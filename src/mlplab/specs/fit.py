"""How long, in what portions and towards what a network is trained."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from mlplab.specs.base import Spec
from mlplab.specs.numbers import Real, Whole


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


class Fit(Spec):
    """The course of one training.

    >>> Fit(epochs=3).batch_size
    256
    """

    epochs: Whole = Field(default=10, ge=1, description="Passes over the training rows.")
    batch_size: Whole = Field(default=256, ge=1, description="Examples per step.")
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
    huber_delta: Real = Field(
        default=1.0, gt=0, description="Error from which the huber loss grows linearly."
    )
    ema: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Decay of the running mean of the weights, which is scored "
        "and kept instead of the last ones; 0 keeps the last.",
    )
    patience: Whole = Field(
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
    rewinds: Whole = Field(
        default=0,
        ge=0,
        description="How often a run that diverges goes back to the end of its best epoch in "
        "training, or to its first weights, and on at a lower rate; 0 lets it end.",
    )
    rewind_factor: float = Field(
        default=0.1, gt=0, lt=1, description="By which each rewind multiplies the learning rate."
    )
    test: Literal["never", "end", "epoch"] = Field(
        default="end", description="When the test split is scored; curves are descriptive only."
    )
    input_noise: Literal["none", "gaussian", "uniform", "multiplicative", "dropout"] = Field(
        default="none",
        description="On the inputs x in training: x + s N(0, 1), x + s U(0, 1), x (1 + s N(0, 1)), "
        "or dropout at the rate s; s is the strength.",
    )
    input_strength: Real | None = Field(
        default=None, ge=0, description="Of the input noise: a deviation, a width, or a rate."
    )
    mixup: Real = Field(
        default=0.0,
        ge=0,
        description="Alpha of Beta(alpha, alpha), from which each batch draws the share by which "
        "its examples and their targets are mixed with others; 0 mixes nothing.",
    )
    shift: Whole = Field(
        default=0,
        ge=0,
        description="Pixels by which each image moves at most, up or down and left or right, anew "
        "in each epoch.",
    )
    flip: bool = Field(
        default=False, description="Whether half of the images are mirrored, anew in each epoch."
    )
    label_noise: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of training examples whose class is replaced by another, in all epochs.",
    )
    measures: Annotated[tuple[str, ...], AfterValidator(_each_once)] = Field(
        default=(), description="Further metrics by name: grad_norm, or the user's own."
    )
    probes: Whole = Field(
        default=0,
        ge=0,
        description="Steps of each epoch, evenly spread from its first on, before which hidden "
        "layers are looked at: activation_mean_1, activation_variance_1, dead_share_1 and "
        "grad_norm_1 for the first layer, and so on.",
    )
    dtype: Literal["float32", "float64"] = Field(default="float32", description="Arithmetic.")

    @model_validator(mode="before")
    @classmethod
    def _silent(cls, fields: Any) -> Any:
        # Noise of no strength is none: one question has one key.
        if isinstance(fields, dict) and fields.get("input_strength") == 0:
            changed = {} if fields.get("input_noise") is None else {"input_noise": "none"}
            return fields | changed
        return fields

    @model_validator(mode="after")
    def _strength_fits(self) -> Fit:
        if self.input_noise != "none" and not self.input_strength:
            raise ValueError(f"input_noise: {self.input_noise} needs input_strength, such as 0.1")
        if self.input_noise == "dropout" and (self.input_strength or 0) >= 1:
            raise ValueError(
                f"input_strength: expected a rate below 1 for dropout; got {self.input_strength:g}"
            )
        return self

    def _idle(self) -> Collection[str]:
        unwatched = () if self.patience else ("monitor", "restore_best")
        silent = () if self.input_noise != "none" else ("input_strength",)
        forward = () if self.rewinds else ("rewind_factor",)
        other = () if self.loss == "huber" else ("huber_delta",)
        return (*unwatched, *silent, *forward, *other)


PERTURBATIONS = ("input_noise", "input_strength", "mixup", "shift", "flip", "label_noise")
"""Fields by which a training changes its batches."""


def perturbs(fit: Fit) -> bool:
    """Tell whether a training changes its batches.

    >>> perturbs(Fit(mixup=0.2)), perturbs(Fit())
    (True, False)
    """
    return fit.input_noise != "none" or bool(fit.mixup or fit.shift or fit.flip or fit.label_noise)
