# SPDX-License-Identifier: MIT
"""The figures: exact instruction counts, by the method of tools/bench. Limits here are those that must not be passed, not the goals."""
import json
import subprocess

import pytest

from machine import ROOT

LIMITS = {
    "1": 50, "2": 75, "3": 60, "4": 600, "4f": 600, "5": 850, "6": 1300, "7": 560, "8": 1150, "9": 1170, "10": 1400, "10f": 1400,
    "11": 16000, "12": 41000, "13": 1_500_000, "14": 300 * 1024, "15": 4, "boot per page frame": 2,
}


@pytest.fixture(scope="module")
def figures():
    p = subprocess.run([ROOT / "tools/bench", "--json"], capture_output=True, text=True, timeout=600, check=False)
    assert p.returncode == 0, p.stderr
    return json.loads(p.stdout)


@pytest.mark.parametrize("row", LIMITS)
def test_figure(figures, row):
    print(f"row {row}: {figures[row]} of at most {LIMITS[row]}")
    assert 0 <= figures[row] <= LIMITS[row]


def test_every_row_has_a_limit(figures):
    assert set(figures) == set(LIMITS)
