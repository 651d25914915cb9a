"""What this process takes, against what it is made to take."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from mlplab.theory.resident import forget_peak, own_bytes, peak_bytes, resident_bytes

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


def test_pages_of_files_are_not_its_own(tmp_path):
    path = tmp_path / "zeros"
    path.write_bytes(bytes(LARGE))
    before, own = resident_bytes(), own_bytes()
    pages = np.memmap(path, np.uint8, "r")
    assert not pages.sum()
    held = np.ones(LARGE, np.uint8)
    assert own_bytes() - own == pytest.approx(LARGE, abs=SLACK)
    assert resident_bytes() - before == pytest.approx(2 * LARGE, abs=SLACK)
    del held
