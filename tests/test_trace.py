# SPDX-License-Identifier: MIT
"""The trace (abi/trace.h) as the kernel and the shim make it: every class is there, nothing else changes, and what is lost is told.

That thunks keep the contracts of the hooks is shown by running the tests inside with everything traced; how a trace is read is tested with tools/trace.
"""
import difflib
import re
import subprocess
from collections import Counter

import pytest

from machine import BUILD, ROOT, boot, tool

CLASSES = {"native": {"op", "trap", "syscall", "switch", "flush", "irq", "return"},
           "lguest": {"op", "hypercall", "trap", "syscall", "switch", "flush", "irq", "return", "world"}}
WORDS = {"ops": {"op"}, "hypercalls": {"hypercall"}, "traps": {"trap", "return"}, "syscalls": {"syscall", "return"}, "switches": {"switch"},
         "flushes": {"flush"}, "irq": {"irq", "return"}, "syscalls,irq": {"syscall", "irq", "return"}}


def traced(tmp_path, platform, options="", words="-c 'ls / | cat'", status=0, more=(), cpu="max"):
    """A run with --trace: its records and its console."""
    path = tmp_path / "trace"
    p = subprocess.run([ROOT / "tools/run", "--no-build", "--platform", platform, "--cpu", cpu, "--mem", "64", "--timeout", "120", "--trace", path,
                        "--cmdline", f"{options} -- {words}", *more], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert p.returncode == status, p.stdout + p.stderr
    return tool("trace").read(path), p.stdout


@pytest.mark.parametrize("platform", CLASSES)
def test_every_class_is_recorded(tmp_path, platform):
    records, _ = traced(tmp_path, platform)
    assert {r.kind_of for r in records} == CLASSES[platform]
    assert {r.vm for r in records} == {int(platform == "lguest")}
    names = tool("trace").Names()
    calls = [r for r in records if r.kind_of == "syscall"]
    assert {"execve", "write", "wait4", "exit_group"} <= {names.syscall(r.code) for r in calls}
    for task in {r.task for r in calls}:                    # each call ends before the task's next one begins; exit and the child's fork don't
        kinds = [(r.kind, names.syscall(r.code)) for r in calls if r.task == task]
        for (kind, name), (after, other) in zip(kinds, kinds[1:]):
            assert (kind, after) in ((1, 2), (2, 1)) and (kind == 2 or name == other), (task, kinds)
    assert {14} <= {r.code for r in records if r.kind_of == "trap"}
    assert all(r.args[1] in {t.task for t in records} for r in records if r.kind_of == "switch" and r.args[1])


def test_both_sides_of_a_hypercall(tmp_path):
    """What the guest tells at once, the shim sees when it is left by vector 31, on one clock; calls of the ring come first, one by one."""
    records, _ = traced(tmp_path, "lguest")
    told, served, inside = [], [], False
    for r in records:
        inside = r.kind == 1 if r.kind_of == "world" else inside
        if r.kind_of == "hypercall":
            (served if inside else told).append(r)
    assert any(r.code & 0x100 for r in served) and not any(r.code & 0x100 for r in told)
    at_once = iter([r for r in served if not r.code & 0x100])
    for r in told:                                          # besides them there are the calls of the way out, which only the shim sees
        assert any((s.code, s.args) == (r.code, r.args) and s.time > r.time for s in at_once), r
    assert len(told) > 50


@pytest.mark.parametrize("words", WORDS)
def test_classes_can_be_chosen(tmp_path, words):
    platform = "lguest" if words == "hypercalls" else "native"
    records, _ = traced(tmp_path, platform, f"trace={words}")
    assert {r.kind_of for r in records} - {"world"} == WORDS[words]


@pytest.mark.parametrize("value", ["", "off", "ops,", "ops,,irq", "traps,everything", "on,ops", ",", "opsirq"])
def test_damaged_option(value):
    console = boot(f"trace={value}", "-c 'ls -l /proc/trace; cat /proc/trace'").expect(0).console
    assert console.count(f"boot: warning: trace={value} is not understood and ignored") == 1


def without_numbers(console):
    return re.sub(r"\d+\.\d+ MHz|within \d+ ppm", "", console[console.index("platform "):])


@pytest.mark.parametrize("platform", CLASSES)
def test_off_replaces_nothing(platform):
    """/proc/pv, that is the end of each site, is what the image alone tells (test_pvsites); here, that tracing would change it and its absence doesn't."""
    plain, refused, on = (without_numbers(boot(o, "-c 'cat /proc/pv'", on=platform, cpu="max").expect(0).console) for o in ("", "trace=no", "trace=on"))
    assert plain == refused
    inlined = re.compile(r"^irq\.save +(\d+)", re.M)
    assert int(inlined.search(plain)[1]) > 20 and int(inlined.search(on)[1]) == 0


PROGRAMS = ["files", "fpu", "memory", "process", "sigframes", "signals", "threads", "vdsotest"]


@pytest.mark.parametrize("platform", CLASSES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_notice_nothing(tmp_path, platform, name):
    """SYSENTER stepped through, signals, SMAP (--cpu max), segments: with every hook and gate replaced."""
    console = traced(tmp_path, platform, words=f"/tests/{name}")[1]
    assert re.search(r"^[1-9]\d* passed, 0 failed", console, re.M), console[-2000:]


@pytest.mark.parametrize("platform", CLASSES)
def test_self_test_of_the_platform(tmp_path, platform):
    console = traced(tmp_path, platform, "selftest=pv")[1]
    assert "irq.safe_halt" in console and "FAILED" not in console


@pytest.mark.parametrize("platform", CLASSES)
@pytest.mark.parametrize("pv", ["nopatch", "nolazy"])
def test_with_other_ways_to_the_hooks(tmp_path, platform, pv):
    records, _ = traced(tmp_path, platform, f"pv={pv}")
    assert {r.kind_of for r in records} == CLASSES[platform]


@pytest.mark.parametrize("platform", CLASSES)
def test_taken_by_a_reader(platform):
    """Without a second port nobody takes them but who opens the file; then they are gone."""
    shell = "cat /proc/trace >/a; cat /proc/trace >/b; ls -l /a /b"
    console = boot("trace=syscalls", f"-c '{shell}'", on=platform, cpu="max").expect(0).console
    first, second = (int(n) for n in re.findall(r" (\d+) +/[ab]\b", console))
    assert first % 32 == second % 32 == 0 and 0 < second < first


def test_lost_records_are_told(start):
    """Of all that happened the last 16,384 records are left, the first of which says how many were before them."""
    m = start("trace=on", initrd=BUILD / "initrd.cpio", cpu="max")
    m.wait_for(r"poweroff to leave[\s\S]*[$#] ?\Z", timeout=60)
    m.type("leak 300\n")
    m.wait_for(r"passed, 0 failed[\s\S]*[$#] ?\Z", timeout=60)
    m.type("cat /proc/trace >/t; ls -l /t\n")
    m.wait_for(r" [5-9]\d{5} +/t\s", timeout=60)             # the ring, and what has come while it was read
    m.hmp("stop")
    memory = m.memory()
    records = re.findall(rb"[\s\S]{10}\x09\x00\x00\x00\x00\x00([\s\S]{4})\x00{12}", memory)
    assert any(0 < int.from_bytes(n, "little") < 1 << 24 for n in records)


@pytest.mark.parametrize("platform", CLASSES)
@pytest.mark.parametrize("how, status", [("panic", 101), ("null", 101), ("stack", {"native": 102, "lguest": 105})])
def test_panic_is_still_reported(tmp_path, platform, how, status):
    status = status[platform] if isinstance(status, dict) else status
    records, console = traced(tmp_path, platform, f"crash={how}", status=status)
    assert ("panic: " in console) == (status != 105)
    if status != 105:                                       # the records of the end are there, too
        names = tool("trace").Names()
        told = re.findall(r"^  ([a-z]+(?:\.\w+)?) (\d+): ((?:0x[0-9a-f]+ ?){4})$", console, re.M)
        kept = iter([("hypercall" if r.kind_of == "hypercall" else names.op(r.code), str(r.code), " ".join(map(hex, r.args))) for r in records
                     if r.kind_of in ("op", "hypercall", "flush", "switch", "return")])
        assert len(told) == (32 if how != "stack" else 0) and all(operation in kept for operation in told), told
        assert names.op(next(r for r in reversed(records) if r.kind_of == "op").code) in ("init.shutdown", "irq.restore", "irq.disable", "irq.save")


def test_guests_have_numbers(tmp_path):
    """Two guests, one of which traces itself."""
    path = tmp_path / "trace"
    kernel, initrd = BUILD / "postern.elf", BUILD / "initrd.cpio"
    p = subprocess.run([ROOT / "tools/run", "--no-build", "--kernel", BUILD / "shim.elf", "--initrd", "none", "--cmdline", "trace=on", "--timeout", "120", "--",
                        "-serial", f"file:{path}", "-initrd", f"{kernel} -- -c true,{initrd},{kernel} trace=syscalls -- -c true,{initrd}"],
                       capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert p.returncode == 0, p.stdout + p.stderr
    found = Counter((r.vm, r.kind_of) for r in tool("trace").read(path))
    assert found[1, "world"] > 100 and found[2, "world"] > 100 and found[2, "syscall"] > 10 and not found[1, "syscall"]


@pytest.mark.parametrize("platform", CLASSES)
@pytest.mark.parametrize("scenario", ["gates", "fork", "fault", "switch", "tick"])
def test_scenarios_are_as_on_record(tmp_path, scenario, platform):
    """Sequences of events without hooks, addresses and times; make trace-record keeps today's."""
    subprocess.run([ROOT / "tools/trace-scenario", scenario, platform, tmp_path], check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=120)
    name = f"{scenario}-{platform}.sequence"
    kept, found = ((folder / name).read_text().splitlines() for folder in (ROOT / "tests/traces", tmp_path))
    difference = list(difflib.unified_diff(kept, found, f"tests/traces/{name}", "this tree", lineterm="", n=2))
    assert not difference, "\n".join([*difference, "make trace-record keeps it, if it is meant"])
