"""What this process takes, against what it is made to take."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from mlplab.theory.resident import forget_peak, peak_bytes, resident_bytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")

LARGE, SLACK = 2**27, 2**24


def test_the_peak_keeps_what_was_given_back_until_it_is_forgotten():
    forget_peak()
    before = resident_bytes()
    held = np.ones(LARGE, np.uint8)
    assert resident_bytes() - before == pytest.approx(LARGE, abs=SLACK)
    del held
    assert resident_bytes() - before == pytest.approx(0, abs=SLACK)
    assert peak_bytes() - before == pytest.approx(LARGE, abs=SLACK)
    forget_peak()
    assert peak_bytes() - before == pytest.approx(0, abs=SLACK)
