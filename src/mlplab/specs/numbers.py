"""Kinds of numbers that fields hold: those that arrays and tensors can hold as well."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

LARGEST = 3.4028234663852886e38
"""The largest number of float32."""

Whole = Annotated[int, Field(lt=2**63)]
Real = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
