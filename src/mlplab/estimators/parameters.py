"""What the estimators' parameters are, said once; defaults stand in the signatures alone."""

from __future__ import annotations

import inspect
import textwrap
from typing import TypeVar

Kind = TypeVar("Kind", bound=type)

PARAMETERS = {
    "hidden": "units of each hidden layer.",
    "activation": "after each hidden layer, as in `mlplab.MLP`.",
    "norm": "`none`, `batch` or `layer`.",
    "init": "how first weights are drawn.",
    "dropout": "share of each hidden layer's outputs dropped in training; one, or one per layer.",
    "optimizer": "`adamw`, `adam`, `sgd`, `rmsprop`, `lars`, `lion`, the name of your own, or a "
    "`mlplab.Custom`, whose own rate, decay, clipping and schedule then hold.",
    "lr": "learning rate.",
    "momentum": "of `sgd` and `lars`; the others have none.",
    "weight_decay": "decoupled for `adamw` and `lion`, an L2 penalty for the others. `'auto'`: for "
    "`adamw` 0.002 / lr with numbers and 0.0006 / lr with classes, so that a step shrinks weights "
    "alike at any rate; 0 for the others.",
    "schedule": "course of the learning rate, as in `mlplab.Schedule`.",
    "clip_norm": "most that the norm of the gradient may be; 0 does not clip.",
    "epochs": "passes over the training rows.",
    "batch_size": "examples per step; `'auto'` is about a 16th of the rows, from 16 to 256.",
    "label_smoothing": "share of each target spread over all classes.",
    "loss": "`squared`, `absolute`, `huber` or `log-cosh`, of standardised targets.",
    "huber_delta": "error from which the huber loss grows linearly.",
    "target_transform": "what is learned in the targets' place: None, `log`, `log1p` or `asinh`.",
    "ema": "decay of a running mean of the weights, kept in their place; 0 keeps the last.",
    "n_seeds": "networks; predictions are means over them.",
    "early_stopping": "end a network `patience` epochs after its best validation loss, and keep "
    "its best weights; each network draws validation rows of its own.",
    "valid": "share of the rows that early stopping watches.",
    "patience": "epochs without a better validation loss.",
    "class_weight": "None, `'balanced'`, or a dict from class to weight.",
    "calibration": "share of the rows held out for `predict_set` or `predict_interval`; 0 holds "
    "out none.",
    "dtype": "of the arithmetic, `float32` or `float64`.",
    "n_jobs": "workers; None takes the cores there are, and one inside a parallel search.",
    "random_state": "decides everything random; None is new each time. numpy's global state is "
    "neither read nor changed.",
    "progress": "True for a bar in a terminal or a notebook where fitting takes longer than two "
    "seconds, but not inside a parallel search; False for none; or what is called with a "
    "`Progress`. Files do not keep it.",
}
_PLACE = "    {parameters}\n"
_WIDTH = 100  # of the lines of a docstring


def described(kind: Kind) -> Kind:
    """Write the parameters of an estimator, with their defaults, into its docstring.

    They stand where the docstring says `{parameters}`, in the order of the signature.

    >>> @described
    ... class Model:
    ...     '''A model.
    ...
    ...     Args:
    ...     {parameters}
    ...     '''
    ...     def __init__(self, lr=0.1): ...
    >>> print(Model.__doc__.splitlines()[3])
            lr: learning rate. Default: 0.1.
    """
    if kind.__doc__ is None:  # python -OO
        return kind
    signature = inspect.signature(kind)
    lines = [
        textwrap.fill(
            f"{name}: {PARAMETERS[name]} Default: {one.default!r}.",
            _WIDTH,
            initial_indent=" " * 8,
            subsequent_indent=" " * 12,
            break_on_hyphens=False,
        )
        for name, one in signature.parameters.items()
    ]
    kind.__doc__ = kind.__doc__.replace(_PLACE, "\n".join(lines) + "\n")
    return kind
