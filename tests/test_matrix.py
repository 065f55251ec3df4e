# SPDX-License-Identifier: MIT
"""The matrix: platform x processor x mode of the gate x entry x reserved top. Each cell boots and runs the in-guest suite of the gate.

What a cell promises is in expected(): where the page is, what the log says, and whether an old loader is content. Natively the top is reserved by
an option of the kernel; under the shim by the shim, which always takes some of it, and there SYSENTER is used only when asked for.
"""
import itertools

import pytest

from machine import boot

CPUS = ("pentium3", "qemu32", "qemu32,-sep", "max")
MODES = ("on", "compat", "off")
ENTRIES = ("auto", "int80", "sysenter")
RESERVES = {"native": (None, "132K", "4M", "168M"), "lguest": ("132K", "2M", "4M", "64M", "168M")}
SIZES = {None: 0, "132K": 132 << 10, "2M": 2 << 20, "4M": 4 << 20, "64M": 64 << 20, "168M": 168 << 20}


def expected(platform, cpu, mode, entry, reserve):
    """(words for vdsotest, patterns of the log) for one cell."""
    page = 0x100000000 - SIZES[reserve] - 0x2000
    patterns = [" 0 failed$"]
    words = {"on": "random", "compat": f"compat {page:#x}", "off": "off"}[mode]
    if mode == "compat":
        patterns.append(f"compat at 0x{page:08x}" + (".*relocated from 0xffffe000" if reserve else ""))
    elif mode == "on":
        patterns.append(r"vdso.*random")
    else:
        patterns.append(r"vdso.*off")
    if reserve:
        patterns.append(f"Reserving virtual address space above 0x{page + 0x2000:08x}")
    if mode != "off":
        sysenter = "-sep" not in cpu and entry in ("sysenter", "auto" if platform == "native" else None)
        slow = r" \(slow here\)" if platform == "lguest" else ""
        patterns.append(f"vdso.*entry sysenter{slow}$" if sysenter else "vdso.*entry int 0x80$")
        if entry == "sysenter" and not sysenter:
            patterns.append("(?i)SEP|sysenter")
    return words, patterns


def cells():
    """Processor x mode x reserved top in full on both; each entry natively, and on the shim, where all come to int 0x80, one in turn (long: each)."""
    for platform, reserves in RESERVES.items():
        for *cell, (d, reserve) in itertools.product(CPUS, MODES, ENTRIES, enumerate(reserves)):
            a, b, c = CPUS.index(cell[0]), MODES.index(cell[1]), ENTRIES.index(cell[2])
            in_turn = platform == "native" or c == (a + b + d) % 3
            diagonal = b == a % 3 and c == (a + d) % 3 and d in (a, (a + 1) % 4) and (platform == "native" or reserve == "132K")
            yield pytest.param(platform, *cell, reserve, id="-".join(str(x or "none") for x in (platform, *cell, reserve)),
                               marks=[pytest.mark.quick] * diagonal + [pytest.mark.long] * (not in_turn))


@pytest.mark.parametrize("on, cpu, mode, entry, reserve", cells())
def test_cell(on, cpu, mode, entry, reserve):
    words, patterns = expected(on, cpu, mode, entry, reserve)
    options, shim = f"vdso={mode} vdso_entry={entry}", ""
    if on == "lguest":
        shim = f"reserve={reserve}"
    elif reserve:
        options += f" reservetop={reserve}"
    # An old loader is content in compat mode wherever the page is, and without a page.
    more = " && oldld" if mode != "on" else ""
    boot(options, f"-c 'vdsotest {words}{more}'", on=on, shim=shim, cpu=cpu, mem=64).expect(0, *patterns)


@pytest.mark.parametrize("option, mode", [
    ("vdso=0", "off"), ("vdso=off", "off"), ("vdso=disabled", "off"), ("vdso=1", "random"), ("vdso=on", "random"),
    ("vdso=enabled", "random"), ("vdso=2", "compat"), ("vdso=compat", "compat"), ("", "random"),
    ("vdso=compat,strict", "compat"), ("vdso=compat,strict reservetop=4M", "off"), ("vdso=force", "compat"),
    ("vdso=force reservetop=4M", "compat 0xffbfe000"), ("vdso=probe", "compat"),
])
def test_every_word_of_the_option(option, mode):
    result = boot(option, f"/tests/vdsotest {mode}").expect(0, " 0 failed$")
    if "force" in option:
        assert "(forced)" in result.console
    if option == "vdso=compat,strict reservetop=4M":
        assert "compat" in result.console.lower() and "vdso" in result.console.lower(), "the policy's warning"


def test_old_loader_is_unhappy_in_random_mode():
    """128 + SIGABRT: what the relocation of the compat page is for."""
    result = boot("vdso=on", "-c oldld").expect(64, "assertion failed")
    assert "code 134" in result.stderr


@pytest.mark.parametrize("kind, status", [("null", 101), ("abort", 64)])
def test_probe_tries_without(kind, status):
    """Process 1 dies whatever the mode, by a fault or (a process 1 does not die of its own SIGABRT) with code 127: two tries, then the end."""
    boot("vdso=probe init=/tests/crash", kind).expect(status, "(?i)vdso=probe|once more|again", "compat", "off")


def test_random_page_moves_and_norandmaps_keeps_it():
    pages = "-c 'for i in 1 2 3 4; do grep vdso /proc/self/maps; done'"
    lines = {x for x in boot("", pages).expect(0).console.splitlines() if x.endswith("[vdso]")}
    assert len(lines) >= 3, lines
    lines = {x for x in boot("norandmaps", pages).expect(0).console.splitlines() if x.endswith("[vdso]")}
    assert len(lines) == 1, lines
