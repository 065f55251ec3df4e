# SPDX-License-Identifier: MIT
"""Postern in Bochs, on processors with and without NX: the self-test of the platform and the in-guest suite of the gate in each of its modes.

The second half shows that a cell can be red: every other end, silence, contradictions, and the time limit. A machine takes about 2 s.
"""
import pytest

import bochs
from bochs import Bochs
from machine import INITRD, KERNEL, grub_iso

NX = {"p3_katmai": False, "core_duo_t2400_yonah": True}
MORE = ("p2_klamath", "atom_n270", "core2_penryn_t9600", "corei7_haswell_4770", "tigerlake", "ryzen")
WORDS = {"on": ("random", r"vdso.*random"), "compat": ("compat 0xffffe000", "vdso: compat at 0xffffe000"), "off": ("off", r"vdso.*off")}
SELFTEST = r"^selftest: [1-9]\d* steps on native, 0 failed$"


@pytest.fixture
def run(tmp_path):
    """run(cpu, options, words): boots Postern by GRUB; without words there is no initrd."""
    if bochs.missing():
        pytest.skip(bochs.missing())

    def begin(cpu, options, words=None, *, timeout=60):
        line = f"multiboot2 /boot/postern.elf {options}" + (f" -- {words}\nmodule2 /boot/initrd.cpio" if words else "")
        return Bochs(grub_iso(tmp_path, line, [KERNEL, INITRD]), cpu).run(timeout)
    return begin


def cells():
    for cpu in NX:
        for mode in WORDS:
            yield pytest.param(cpu, mode, "", marks=[pytest.mark.quick] if (cpu, mode) == ("core_duo_t2400_yonah", "compat") else [])
    for cpu in MORE:
        for mode in WORDS:
            yield pytest.param(cpu, mode, "", marks=pytest.mark.long)
    for cpu in NX:
        for mode in WORDS:
            yield pytest.param(cpu, mode, "vdso_entry=int80", marks=pytest.mark.long)


@pytest.mark.parametrize("cpu, mode, more", cells())
def test_cell(run, cpu, mode, more):
    words, log = WORDS[mode]
    result = run(cpu, f"selftest=pv vdso={mode} {more}", f"/tests/vdsotest {words}")
    result.expect("exit 0", SELFTEST, log, r"^[1-9]\d* passed, 0 failed$")
    if cpu in NX:
        result.expect("exit 0", r"^pv: native, ring 0, (?!.*\bNX\b)" if not NX[cpu] else r"^pv: native, ring 0, .*\bNX\b")


@pytest.mark.parametrize("cpu", NX)
def test_self_test_without_initrd(run, cpu):
    run(cpu, "selftest=pv").expect("exit 0", r"^trying", SELFTEST)


@pytest.mark.parametrize("cpu", NX)
@pytest.mark.parametrize("reserve", ["132K", "4M"])
@pytest.mark.long
def test_reserved_top(run, cpu, reserve):
    page = 0x100000000 - ((132 << 10) if reserve == "132K" else 4 << 20) - 0x2000
    run(cpu, f"vdso=compat reservetop={reserve}", f"/tests/vdsotest compat {page:#x}").expect(
        "exit 0", f"compat at 0x{page:08x}.*relocated from 0xffffe000", r"^[1-9]\d* passed, 0 failed$")


@pytest.mark.parametrize("cpu", NX)
def test_segments_of_ones_own(run, cpu):
    """With the limits and kinds of segments, which QEMU does not enforce."""
    run(cpu, "", "/tests/ldt limits").expect("exit 0", "^ok past the limit$", r"^127 passed, 0 failed$")


def test_same_run_twice(run):
    first, second = (run("p3_katmai", "vdso=on", "/tests/vdsotest random") for _ in range(2))
    assert first.outcome == "exit 0" and first.console == second.console


# ---- it can fail ----

@pytest.mark.parametrize("options, words, outcome", [
    ("", "/tests/exitcode 42", "exit 42"),
    ("vdso=on", "/tests/vdsotest off", "exit 1"),       # the wrong mode is promised
    ("crash=null", "/tests/exitcode 0", "panic"),
    ("crash=stack", "/tests/exitcode 0", "double-fault"),
    ("crash=triple", "/tests/exitcode 0", "silent: triple fault"),
    ("", "-c reboot", "restart"),
])
def test_other_ends(run, options, words, outcome):
    result = run("core_duo_t2400_yonah", options, words).expect(outcome)
    with pytest.raises(AssertionError, match="expected 'exit 0'"):
        result.expect("exit 0")


def test_refused_without_pae(run):
    run("pentium_mmx", "", "/tests/exitcode 0").expect("refused", "PAE")


def test_time_limit(run):
    run("p3_katmai", "", "/bin/sleep 100000", timeout=3).expect("time limit")


def test_unknown_processor(run):
    assert run("no_such_cpu", "", "/tests/exitcode 0").outcome.startswith("bochs: ")


@pytest.mark.quick
@pytest.mark.parametrize("console, end, outcome", [
    ("a\npostern: outcome exit 0\n", "power-off", "exit 0"),
    ("a\npostern: outcome exit 0", "power-off", "exit 0"),
    ("a\npostern: outcome exit 0\n", "halted", "exit 0"),
    ("a\npostern: outcome exit 0\n", "triple fault", "contradiction"),
    ("a\npostern: outcome exit 0\n", "reset", "contradiction"),
    ("a\npostern: outcome panic\n", "power-off", "contradiction"),
    ("a\npostern: outcome exit 0\nb\n", "power-off", "silent: power-off"),
    ("a\nxpostern: outcome exit 0\n", "power-off", "silent: power-off"),
    ("", "halted", "silent: halted"),
    ("a\npostern: outcome exit 0\n", None, "bochs: no reason given"),
])
def test_judge(console, end, outcome):
    assert bochs.judge(console, end).startswith(outcome)
