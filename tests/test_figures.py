# SPDX-License-Identifier: MIT
"""The figures: exact instruction counts, by the method of tools/bench. Limits here are those that must not be passed, not the goals."""
import functools
import importlib.machinery
import importlib.util
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


# ---- under the shim ----

SHIM_LIMITS = {"1": 55, "8": 2000, "10": 2400, "11": 22000, "12": 43000, "13": 2_400_000}


@functools.cache
def side_by_side(*options):
    p = subprocess.run([ROOT / "tools/bench", "--platform", "lguest", "--json", *options], capture_output=True, text=True, timeout=600, check=False)
    assert p.returncode == 0, p.stderr
    return json.loads(p.stdout)


@pytest.mark.parametrize("row", SHIM_LIMITS)
def test_figure_under_the_shim(figures, row):
    found = side_by_side("--rows", "1,8,10,11,12")
    assert set(found) == set(SHIM_LIMITS)
    f = found[row]
    print(f"row {row}: {f['shim']} of at most {SHIM_LIMITS[row]}, {f['ratio']} times native")
    assert 0 < f["shim"] <= SHIM_LIMITS[row]
    assert f["native"] <= LIMITS[row] and f["ratio"] == round(f["shim"] / f["native"], 2)


def test_what_the_shim_was_entered_for():
    found = {row: f.get("per operation") for row, f in side_by_side("--rows", "1,8,10,11,12").items()}
    assert all(abs(n) < 0.1 for n in found["1"]["exits"].values()), "int 0x80 goes straight to the kernel"
    assert found["8"]["exits"]["reflections"] == pytest.approx(1, abs=0.1) and found["8"]["exits"].get("fills", 0) <= 2.1
    assert found["10"]["hypercalls"]["NEW_PGTABLE"] == pytest.approx(2, abs=0.1) and found["10"]["exits"]["calls"] <= 2.1
    for row in "8", "10", "11", "12":
        of_shim = sum(found[row]["instructions"].values())
        assert 0 < of_shim < side_by_side("--rows", "1,8,10,11,12")[row]["shim"]


def test_what_the_shim_was_entered_for_by_reflection():
    """Without the direct gate each call is an exit: the count can tell."""
    found = side_by_side("--rows", "1", "--shim", "gates=reflect")["1"]
    assert found["per operation"]["exits"]["reflections"] == pytest.approx(1, abs=0.1) and found["shim"] > 2 * found["native"]


def test_two_runs_count_the_same():
    """But for the breakdown: the host's end of input interrupts the shim whenever it comes."""
    def run():
        return {row: {k: v for k, v in f.items() if k != "per operation"} for row, f in side_by_side.__wrapped__("--rows", "8").items()}
    assert run() == run()


def bench():
    """tools/bench as a module."""
    loader = importlib.machinery.SourceFileLoader("bench", str(ROOT / "tools/bench"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench", loader))
    loader.exec_module(module)
    return module


STATISTICS = """postern: outcome exit 0
shim: guest 1: exits (ticks) slices 1 (5) calls 104 (1000) fills 586 (2000) reflections 26 (600) emulations 0 (0) interrupts 2 (679); delivered 1, dropped 12
shim: guest 1: hypercalls 0:10 4:7 14:58
"""


@pytest.mark.quick
def test_statistics_are_read():
    few = bench().statistics(STATISTICS)
    assert few["exits"]["calls"] == 104 and few["instructions"]["reflections"] == 600 and few["others"] == {"delivered": 1, "dropped": 12}
    assert few["hypercalls"] == {"FLUSH_ASYNC": 10, "NEW_PGTABLE": 7, "SET_PTE": 58}
    many = bench().statistics(STATISTICS.replace("calls 104", "calls 304").replace("14:58", "14:58 16:100"))
    assert bench().per_operation(few, many) == {"exits": {"calls": 2}, "instructions": {}, "hypercalls": {"LOAD_TLS": 1}, "others": {}}


@pytest.mark.quick
@pytest.mark.parametrize("text", [None, "", "shim: guest 1: hypercalls 0:10\n"])
def test_missing_statistics_are_noticed(text):
    with pytest.raises(SystemExit):
        bench().statistics(text)


@pytest.mark.parametrize("arguments", [["--platform", "xen"], ["--rows", "1"], ["--platform", "lguest", "--rows", "99"], ["nonsense"]])
def test_wrong_arguments_are_refused(arguments):
    p = subprocess.run([ROOT / "tools/bench", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert p.returncode == 2 and p.stderr and not p.stdout
