"""Theory as tools: how signals and gradients travel through a network at its first weights."""

from mlplab.theory.signal import Signal, signal

__all__ = ["Signal", "signal"]
