"""The chapter's setting on polynomials, which the section's exercises start from."""

from __future__ import annotations

from mlplab.specs import MLP, SGD, Fit, Init, Run

AS_PUBLISHED = Run(
    # Uniform within 1 / sqrt(inputs), as torch's linear layer starts.
    net=MLP(hidden=(), init=Init(kind="he-uniform", scale=6**-0.5)),
    optim=SGD(lr=0.01),
    fit=Fit(batch_size=10, epochs=400, test="never"),
)
"""400 epochs at rate 0.01 in batches of 10."""
EPOCHS = 400
"""Of that setting."""
FRESH = 100
"""Held-out examples of every draw, which nothing is chosen by."""
