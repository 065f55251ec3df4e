# SPDX-License-Identifier: MIT
"""The figures: exact instruction counts, by the method of tools/bench, and the gate that compares them with what is on record.

The gate itself is marked so and runs where it is asked for (make bench-check, or --gate as in .ci/run): a reader's edit that costs some instructions
is no error. That it can fail is shown on figures made up from the record.
"""
import functools
import json
import re
import subprocess

import pytest

import debian
from machine import ROOT, tool

BASELINE = ROOT / "tests/bench-baseline.txt"


def run(name, *arguments):
    return subprocess.run([ROOT / "tools" / name, *arguments], capture_output=True, text=True, timeout=600, check=False)


def measure(*arguments):
    p = run("bench", "--json", *arguments)
    assert p.returncode == 0, p.stderr
    return json.loads(p.stdout)


# ---- the gate ----

@pytest.mark.gate
@pytest.mark.early
def test_no_row_is_worse_than_on_record(tmp_path):
    """The same figures fail against a record that was one instruction in twenty better."""
    (tmp_path / "figures").write_text(json.dumps(measure()))
    p = run("bench-check", "--measured", tmp_path / "figures")
    assert p.returncode == 0, p.stdout + p.stderr
    print(p.stdout)
    better = [" ".join([row, *(str(int(int(n) * 0.95)) for n in figures)]) for row, *figures in rows_on_record()]
    (tmp_path / "record").write_text("\n".join(better))
    p = run("bench-check", "--measured", tmp_path / "figures", "--baseline", tmp_path / "record")
    assert p.returncode == 1 and p.stdout.count("worse: ") > 40


def rows_on_record():
    return [line.split() for line in BASELINE.read_text().splitlines() if not line.startswith("#")]


@pytest.fixture
def check(tmp_path):
    """bench-check's end for the figures on record, some of them replaced: {(row, platform): figure or None}, against a record's text."""
    def compare(changed, record=None):
        figures = {p: {} for p in ("native", "lguest")}
        for row, *numbers in rows_on_record():
            for p, n in zip(figures, numbers):
                figures[p][row] = changed.get((row, p), int(n))
                if figures[p][row] is None:
                    del figures[p][row]
        (tmp_path / "figures").write_text(json.dumps(figures))
        (tmp_path / "record").write_text(BASELINE.read_text() if record is None else record)
        return run("bench-check", "--measured", tmp_path / "figures", "--baseline", tmp_path / "record")
    return compare


def on_record(row, platform):
    return next(int(numbers[platform == "lguest"]) for r, *numbers in rows_on_record() if r == row)


@pytest.mark.quick
def test_equal_figures_pass(check):
    p = check({})
    assert p.returncode == 0 and p.stdout.startswith(f"bench-check: {2 * len(rows_on_record())} figures, 0 worse, 0 better")


@pytest.mark.quick
@pytest.mark.parametrize("platform_of_row", ["native", "lguest"])
@pytest.mark.parametrize("row, factor, ends", [("11", 1.031, "worse"), ("11", 1.029, None), ("11", 0.971, None), ("11", 0.969, "better"), ("12b", 1.5, "worse"),
                                               ("13", 1.04, "worse"), ("14", 1.04, "worse")])
def test_three_percent(check, row, factor, ends, platform_of_row):
    p = check({(row, platform_of_row): int(on_record(row, platform_of_row) * factor)})
    assert p.returncode == (1 if ends == "worse" else 0)
    said = [line for line in p.stdout.splitlines() if line.startswith(("worse:", "better:"))]
    assert [line.split()[0] for line in said] == ([ends + ":"] if ends else [])
    assert all(f" row {row} on {platform_of_row}, " in line for line in said)


@pytest.mark.quick
def test_small_figures(check):
    """One instruction of fifty is no change, two are; a MiB more of RAM is."""
    null, ram = on_record("1", "native"), on_record("15", "native")
    assert check({("1", "native"): null + 1}).returncode == 0
    assert check({("1", "native"): null + 2}).returncode == 1
    assert check({("15", "native"): ram + 1}).returncode == 1


@pytest.mark.quick
@pytest.mark.parametrize("changed, record, said", [
    ({("12", "lguest"): None}, None, "not on both sides: 12 lguest"),
    ({("99", "native"): 5}, "1 47 53\n", "not on both sides"),
    ({}, "", "not on both sides"),
    ({}, "1 47\n", "line 1"), ({}, "1 47 53\n1 47 53\n", "there twice"), ({}, "1 47 x\n", "line 1"), ({}, "1 47 5.5\n", "line 1")])
def test_a_record_of_another_tree_is_refused(check, changed, record, said):
    p = check(changed, record)
    assert p.returncode == 1 and said in p.stderr and not p.stdout


@pytest.mark.quick
def test_the_record_has_every_row():
    assert [row for row, *_ in rows_on_record()] == [row for row, *_ in tool("bench").ROWS]


def test_recording_writes_what_is_read(tmp_path):
    figures = {p: {row: int(numbers[i]) for row, *numbers in rows_on_record()} for i, p in enumerate(("native", "lguest"))}
    (tmp_path / "figures").write_text(json.dumps(figures))
    p = run("bench-check", "--record", "--measured", tmp_path / "figures", "--baseline", tmp_path / "new")
    assert p.returncode == 0 and (tmp_path / "new").read_text() == BASELINE.read_text()


# ---- natively ----

# A variant, its row, how many times it at most.
ALIKE = [("4f", "4", 1.05), ("4s", "4", 1.05), ("5d", "5", 2.5), ("6b", "6", 16), ("7b", "7", 1.05), ("10f", "10", 1.05), ("10s", "10", 1.05),
         ("10t", "10", 1.55), ("6a", "6", 0.3)]
COPY, CLEAR = 1024, 1024        # instructions for a page
PER_PAGE = 100                  # of a process that forks, ends and is waited for


@pytest.fixture(scope="module")
def figures():
    return measure("--platform", "native")


@pytest.mark.early
def test_every_row_is_counted_and_its_variants_are_like_it(figures):
    """No special case for the benchmark: its variants cost what their sizes make one expect."""
    native = figures["native"]
    assert list(native) == [row for row, *_ in tool("bench").ROWS] and all(n > 0 for n in native.values())
    wrong = [(v, native[v], row, native[row]) for v, row, most in ALIKE if native[v] > most * native[row]]
    assert not wrong
    assert native["7t"] <= native["7"] + 4 * 1.3 * native["8"], "clearing pages is part of touching them"
    assert native["7t"] >= 4 * CLEAR and native["10b"] > 4 * COPY
    for row in "11", "12":
        assert native[row + "b"] - native[row] <= PER_PAGE * (10 << 20) / 4096, row


# ---- where they are ----

def taken_apart(text):
    """{row: (sum, {function: instructions}, in order)} of what tools/profile printed."""
    return {row: (int(total), {name: int(n) for n, name in re.findall(r"^ *(\d+)   (.+)$", lines, re.M)})
            for total, row, lines in re.findall(r"^ *(\d+) row (\w+), .*\n((?: *\d+   .*\n)+)", text, re.M)}


def test_rows_are_taken_apart(figures):
    """The fault's instruction is executed twice."""
    p = run("profile", "4", "8")
    assert p.returncode == 0, p.stderr
    apart = taken_apart(p.stdout)
    assert {row: total for row, (total, _) in apart.items()} == {"4": figures["native"]["4"], "8": figures["native"]["8"] + 1}
    assert all(total == sum(functions.values()) for total, functions in apart.values())
    assert [f for f in apart["4"][1] if f.startswith("sys_") or f == "user"] == ["user", "sys_kill", "sys_sigreturn"]
    assert list(apart["8"][1]) == ["user", "page_fault_entry", "mm_fault_quick", "int80_entry"] and apart["8"][1]["mm_fault_quick"] > CLEAR


@pytest.mark.long
def test_a_row_under_the_shim_is_taken_apart():
    p = run("profile", "--platform", "lguest", "8")
    assert p.returncode == 0, p.stderr
    total, functions = taken_apart(p.stdout)["8"]
    assert total == sum(functions.values()) and functions["shim: shadow_fault"] and functions["mm_fault_quick"] > CLEAR


# ---- growth ----

@pytest.mark.parametrize("points", ["SHORT", pytest.param("POINTS", marks=pytest.mark.long)])
def test_growth(points):
    """The slopes, and for all points also that the book's figure tells of a kernel like this."""
    growth = tool("growth")
    p = run("growth", "--json", *["--short"] * (points == "SHORT"))
    assert p.returncode == 0, p.stdout + p.stderr
    found = {curve: [tuple(point) for point in at] for curve, at in json.loads(p.stdout)["postern"].items()}
    assert growth.whole(found, getattr(growth, points)) and not growth.too_steep(found)
    if points == "POINTS":
        record = growth.load()["postern"]
        assert {c: [n for _, n in at] for c, at in found.items()} == {c: pytest.approx([n for _, n in at], rel=0.25) for c, at in record.items()}


FLAT_CURVES = {"boot": [(16, 1000), (116, 1000)], "fork": [(0, 1000), (10, 1000)], "open": [(0, 1000), (10, 1000)], "wake": [(0, 1000), (10, 1000)],
               "create": [(0, 1000), (10, 1000)]}


@pytest.mark.quick
@pytest.mark.parametrize("curve, points, steep", [
    ("boot", [(16, 1000), (116, 1000 + 512 * 100)], False), ("boot", [(16, 1000), (116, 1001 + 512 * 100)], True),
    ("fork", [(0, 1000), (10, 2000)], False), ("fork", [(0, 1000), (10, 2001)], True), ("fork", [(0, 1000), (5, 1900), (10, 1900)], True),
    ("open", [(0, 1000), (1000, 1029)], False), ("open", [(0, 1000), (1000, 1031)], True), ("wake", [(0, 1000), (10, 1031), (1000, 1000)], True),
    ("create", [(0, 1000), (1000, 1100)], True), ("create", [(0, 1000), (1000, 900)], False)])
def test_steep_curves_are_noticed(curve, points, steep):
    assert tool("growth").too_steep({**FLAT_CURVES, curve: points}) == [curve] * steep


@pytest.mark.quick
def test_the_growth_on_record_is_whole():
    growth = tool("growth")
    record = growth.load()
    assert growth.whole(record["postern"], growth.POINTS) and not growth.too_steep(record["postern"])
    assert growth.whole(record["linux"], {c: at for c, at in growth.POINTS.items() if c != "boot"})
    assert growth.slope(record["postern"]["fork"]) < growth.slope(record["linux"]["fork"])


# ---- beside Linux ----

@pytest.mark.long
def test_beside_linux():
    """The same program counts on Debian's kernel what the sheet says of it, within a quarter: the kernel is updated, the definitions are not."""
    package = debian.package("linux-image-686-pae")
    debian.package((package / "usr/share/doc/linux-image-686-pae").readlink().name)
    p = run("bench-linux", "--json")
    assert p.returncode == 0, p.stderr
    found = json.loads(p.stdout)
    of_sheet = {row: linux for row, _, _, _, _, linux, _ in tool("bench").ROWS if linux and row != "15"}
    assert len(of_sheet) == 14
    assert {row: found["linux"][row] for row in of_sheet} == {row: pytest.approx(n, rel=0.25) for row, n in of_sheet.items()}
    assert all(found["native"][row] < n for row, n in found["linux"].items())


def test_a_linux_that_is_not_there_is_refused():
    p = run("bench-linux", "--no-fetch", "/nowhere/vmlinuz")
    assert p.returncode == 1 and "cannot read /nowhere/vmlinuz" in p.stderr and not p.stdout


# ---- under the shim ----

@functools.cache
def side_by_side(*options):
    return measure("--platform", "lguest", *options)


@pytest.mark.early
def test_what_the_shim_was_entered_for():
    both = side_by_side("--rows", "1,8,10,12")
    assert set(both) == {"1", "8", "10", "12", "13"} and all(f["ratio"] == round(f["shim"] / f["native"], 2) for f in both.values())
    found = {row: f.get("per operation") for row, f in both.items()}
    assert all(abs(n) < 0.1 for n in found["1"]["exits"].values()), "int 0x80 goes straight to the kernel"
    assert found["8"]["exits"]["reflections"] == pytest.approx(1, abs=0.1) and found["8"]["exits"].get("fills", 0) <= 2.1
    assert found["10"]["hypercalls"]["NEW_PGTABLE"] == pytest.approx(2, abs=0.1) and found["10"]["exits"]["calls"] <= 2.1
    for row in "8", "10", "12":
        of_shim = sum(found[row]["instructions"].values())
        assert 0 < of_shim < both[row]["shim"]


def test_what_the_shim_was_entered_for_by_reflection():
    """Without the direct gate each call is an exit: the count can tell."""
    found = side_by_side("--rows", "1", "--shim", "gates=reflect")["1"]
    assert found["per operation"]["exits"]["reflections"] == pytest.approx(1, abs=0.1) and found["shim"] > 2 * found["native"]


@pytest.mark.parametrize("row, batched, unbatched", [
    ("10", 2, 4), pytest.param("7t", 1, 4, marks=pytest.mark.long), pytest.param("11", 9, 11, marks=pytest.mark.long), pytest.param("12", 13, 15, marks=pytest.mark.long)])
def test_batching_saves_exits(row, batched, unbatched):
    """munmap of four pages is one call instead of four; a switch one instead of two; fork and exec save those of their switches."""
    found = tool("bench").batching(row, "")
    assert found["on"]["exits"] == pytest.approx(batched, abs=0.1)
    assert found["off"]["exits"] == pytest.approx(unbatched, abs=0.1)
    assert found["off"]["hypercalls"] < found["on"]["hypercalls"] + 0.1, "nor is anything told twice"


@pytest.mark.platforms("lguest")
def test_nothing_depends_on_the_lazy_modes(boot):
    r = boot("pv=nolazy", "-c '/tests/memory; /tests/process; grep lazy_enter /proc/pv'", timeout=120)
    r.expect(0, r"^cpu\.lazy_enter +0 +0 +\d+ +0$", r"^mmu\.lazy_enter +0 +0 +\d+ +0$")
    assert "not ok" not in r.console


@pytest.mark.early
def test_two_runs_count_the_same():
    """But for boot, in which the host's end of the console may raise an interrupt, now here, now there."""
    first, second = (tool("bench").figures(["8"], "") for _ in range(2))
    assert first["8"] == second["8"] and first["13"] == pytest.approx(second["13"], rel=0.005)


STATISTICS = """postern: outcome exit 0
shim: guest 1: exits (ticks) slices 1 (5) calls 104 (1000) fills 586 (2000) reflections 26 (600) emulations 0 (0) interrupts 2 (679); delivered 1, dropped 12
shim: guest 1: hypercalls 0:10 4:7 14:58
"""


@pytest.mark.quick
def test_statistics_are_read():
    few = tool("bench").statistics(STATISTICS)
    assert few["exits"]["calls"] == 104 and few["instructions"]["reflections"] == 600 and few["others"] == {"delivered": 1, "dropped": 12}
    assert few["hypercalls"] == {"FLUSH_ASYNC": 10, "NEW_PGTABLE": 7, "SET_PTE": 58}
    many = tool("bench").statistics(STATISTICS.replace("calls 104", "calls 304").replace("14:58", "14:58 16:100"))
    assert tool("bench").per_operation(few, many) == {"exits": {"calls": 2}, "instructions": {}, "hypercalls": {"LOAD_TLS": 1}, "others": {}}


@pytest.mark.quick
@pytest.mark.parametrize("text", [None, "", "shim: guest 1: hypercalls 0:10\n"])
def test_missing_statistics_are_noticed(text):
    with pytest.raises(SystemExit):
        tool("bench").statistics(text)


@pytest.mark.parametrize("arguments", [["--platform", "xen"], ["--rows", "1"], ["--platform", "lguest", "--rows", "99"], ["nonsense"]])
def test_wrong_arguments_are_refused(arguments):
    p = run("bench", *arguments)
    assert p.returncode == 2 and p.stderr and not p.stdout
