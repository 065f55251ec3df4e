# SPDX-License-Identifier: MIT
"""tools/trace on traces that were made by hand: what a reader is told of each event, and what of a file that is none."""
import json
import re
import shutil
import struct
import subprocess

import pytest

from machine import ROOT

pytestmark = pytest.mark.quick

CLASSES = ("op", "hypercall", "trap", "syscall", "switch", "flush", "irq", "return", "world", "lost")     # abi/trace.h
POINT, BEGIN, END = range(3)
KERNEL, USER = 0x61, 0x73                                   # code segments
MARK = 459


def number_of(op):
    ops = re.findall(r"^OP\((\w+), (\w+)\)", (ROOT / "pv/ops.def").read_text(), re.M)
    return ops.index(tuple(op.split(".")))


class Tape:
    """Records, one behind the other."""

    def __init__(self, vm=0):
        self.vm, self.time, self.data = vm, 1000, b""

    def add(self, since, kind_of, kind, code, task, *args):
        self.time += since
        words = args + (0,) * (4 - len(args))
        self.data += struct.pack("<Q4B2H4I", self.time, self.vm, 0, CLASSES.index(kind_of), kind, code, task, *words)
        return self

    def to_ring3(self, since, task, op="cpu.iret_user"):
        return self.add(since, "return", END, number_of(op), task, 0x8048000, USER, 0x202)

    def mark(self, task):
        return self.add(20, "syscall", BEGIN, MARK, task).add(5, "syscall", END, MARK, task, -38 & 0xFFFFFFFF).to_ring3(5, task)


def scene(vm=0):
    """fork by task 7; the child faults, is interrupted in that, and exits; the parent goes on."""
    t = Tape(vm).to_ring3(5, 7).mark(7)
    t.add(50, "syscall", BEGIN, 2, 7)
    if vm:
        t.add(10, "hypercall", POINT, 13, 7, 0x1000, 2).add(3, "world", BEGIN, 31, 0, 0xC0100000, KERNEL)
        t.add(50, "hypercall", POINT, 13 | 0x100, 0, 0x1000, 2).add(40, "world", END, 0, 0, 0xC0100002, KERNEL, 2, 1)
    t.add(30, "op", POINT, number_of("mmu.set_pte"), 7, 1, 2, 3, 4).add(10, "flush", POINT, number_of("mmu.activate"), 7)
    t.add(10, "switch", POINT, number_of("cpu.set_kernel_stack"), 7, 0xF8000000).to_ring3(10, 8)
    t.add(60, "trap", BEGIN, 14, 8, 0x8048010, USER, 4, 0x8050000).add(100, "irq", BEGIN, 0, 8, 0xC0100100, KERNEL)
    t.add(40, "return", END, number_of("cpu.iret"), 8, 0xC0100100, KERNEL, 0x202).to_ring3(50, 8)
    t.add(50, "syscall", BEGIN, 1, 8).add(50, "switch", POINT, number_of("cpu.set_kernel_stack"), 8, 0xF8002000)
    t.add(20, "syscall", END, 2, 7, 8).to_ring3(10, 7, "cpu.sysexit")
    return t.mark(7)


def trace(tmp_path, data, *args):
    (tmp_path / "x.trace").write_bytes(data)
    return subprocess.run([ROOT / "tools/trace", tmp_path / "x.trace", *args], capture_output=True, text=True, timeout=60, check=False)


def told(tmp_path, data, *args):
    p = trace(tmp_path, data, *args)
    assert not p.returncode and not p.stderr, p.stderr
    return p.stdout


def test_sequence_of_a_guest_between_marks(tmp_path):
    assert told(tmp_path, scene(1).data, "--sequence", "--between").splitlines() == [
        "A < cpu.iret_user to ring 3",
        "A > fork",
        "A   SET_PMD",
        "- guest leaves: hypercall",
        "- SET_PMD (by the ring)",
        "- guest enters",
        "A   mmu.activate",
        "A   cpu.set_kernel_stack",
        "B < cpu.iret_user to ring 3",
        "B > page fault",
        "B   > interrupt 0",
        "B   < cpu.iret to the kernel",
        "B < cpu.iret_user to ring 3",
        "B > exit",
        "B   cpu.set_kernel_stack",
        "A < fork",
        "A < cpu.sysexit to ring 3",
    ]


@pytest.mark.parametrize("vm", [0, 1])
def test_sequence_has_an_event_that_came_early_once(tmp_path, vm):
    """Which is what follows at once; with a system call between them they are two."""
    def tick(t):
        if vm:
            t.add(5, "world", BEGIN, 32, 0, 0x8048000, USER).add(5, "world", END, 0, 0, 0x8048000, USER, 0x202, 5)
        return t.add(5, "irq", BEGIN, 0, 7, 0x8048000, USER).to_ring3(9, 7)
    early = tick(tick(Tape(vm).to_ring3(5, 7)))
    assert told(tmp_path, early.data, "--sequence").count("> interrupt 0") == 1
    tick(early.add(5, "syscall", BEGIN, 119, 7).to_ring3(5, 7))
    assert told(tmp_path, early.data, "--sequence").count("> interrupt 0") == 2


def test_text_has_times_and_arguments(tmp_path):
    text = told(tmp_path, scene(1).data)
    assert re.search(r"^ +\d+ +\+60 +1 +8  > page fault  eip 0x8048010, cs 0x73, error 0x4, cr2 0x8050000$", text, re.M), text
    assert re.search(r"\+40 +1 +-  guest enters  eip 0xc0100002, cs 0x61, eflags 0x2, done call$", text, re.M), text
    assert len(text.splitlines()) == 1 + len(scene(1).data) // 32


def events(tmp_path, vm):
    return json.loads(told(tmp_path, scene(vm).data, "--json"))["traceEvents"]


def test_chrome_format(tmp_path):
    """Trace Event Format: what each kind of event must have; slices of one lane nest."""
    lanes = {}
    for e in events(tmp_path, 1):
        assert {"name", "ph", "pid", "tid"} <= e.keys() and e["ph"] in "MXi"
        if e["ph"] == "X":
            assert e["ts"] >= 0 and e["dur"] >= 0
            lanes.setdefault((e["pid"], e["tid"]), []).append((e["ts"], -e["dur"], e["name"]))
        elif e["ph"] == "i":
            assert e["s"] == "t" and e["ts"] >= 0
    assert len(lanes) == 3
    for slices in lanes.values():
        ends = []
        for start, length, name in sorted(slices):
            while ends and ends[-1] <= start + 1e-9:
                ends.pop()
            assert not ends or start - length <= ends[-1] + 1e-9, f"{name} is not within what began before"
            ends.append(start - length)


def test_a_task_that_waits_takes_its_slices_away(tmp_path):
    forks = [e for e in events(tmp_path, 0) if e["name"] == "fork"]
    assert len(forks) == 2 and all(e["args"]["result"] == "8" for e in forks)
    fault, = [e for e in events(tmp_path, 0) if e["name"] == "page fault"]
    assert fault["dur"] * 1000 == pytest.approx(190) and fault["args"]["task"] == 8
    assert forks[0]["ts"] + forks[0]["dur"] <= fault["ts"] < forks[1]["ts"]


def test_hypervisor_lane(tmp_path):
    exit_, = [e for e in events(tmp_path, 1) if e["tid"] == 2 and e["ph"] == "X"]
    assert exit_["name"] == "hypercall" and exit_["args"]["done"] == "call" and exit_["dur"] * 1000 == pytest.approx(90)
    assert [e["tid"] for e in events(tmp_path, 1) if e["name"].startswith("SET_PMD")] == [1, 2]


def test_page_needs_nothing_but_itself(tmp_path):
    page = told(tmp_path, scene().data, "--html", "--title", "a <b>")
    assert not re.search(r"https?:|\b(src|href)=|@import|url\(|fetch\(", page) and "<b>" not in page and "@" not in re.sub(r"@media", "", page)


def test_page_in_a_browser(tmp_path):
    """Words behind # are searched for, and the first hit's arguments are shown."""
    browser = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if not browser:
        pytest.skip("no Chromium is installed")
    (tmp_path / "page.html").write_text(told(tmp_path, scene(1).data, "--html"))
    dom = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", f"file://{tmp_path}/page.html#page fault"],
                         capture_output=True, text=True, timeout=60, check=True).stdout
    assert "<h2>page fault</h2>" in dom and "<dt>cr2</dt><dd>0x8050000</dd>" in dom and ">1 of " in dom


def test_lost_records_end_what_was_open(tmp_path):
    data = Tape().to_ring3(5, 7).add(9, "syscall", BEGIN, 2, 7).add(9, "lost", POINT, 0, 7, 12).add(9, "syscall", BEGIN, 3, 7).data
    assert "12 records are lost" in told(tmp_path, data, "--json") and '"fork"' not in told(tmp_path, data, "--json")


@pytest.mark.parametrize("data, said", [(b"", "0 bytes"), (bytes(33), "33 bytes"), (b"\xff" * 32, "record 0 is of no class")])
def test_what_is_no_trace(tmp_path, data, said):
    p = trace(tmp_path, data)
    assert p.returncode == 1 and said in p.stderr and p.stderr.count("\n") == 1


def test_no_marks(tmp_path):
    p = trace(tmp_path, Tape().to_ring3(5, 7).data, "--between")
    assert p.returncode == 1 and "no two calls of system call 459" in p.stderr
