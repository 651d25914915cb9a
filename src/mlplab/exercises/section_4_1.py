"""Section 4.1: multilayer perceptrons: what activations are, exactly."""

from __future__ import annotations
