# SPDX-License-Identifier: MIT
"""Programs of user/ on Postern and on Linux: what they print and how they end must be the same.

The Linux is this host's, or, where that refuses i386 programs, a recorded run (tests/oracle/); the end of the tests' output says which.
A program of user/tests/ is compared unless the table says why it cannot be.
"""
import re
import signal
import subprocess

import pytest

from elsewhere import expected
from machine import BUILD, ORACLE, ROOT, boot, runs_i386

pytestmark = pytest.mark.platforms("native", "lguest")

NOT_COMPARED = {
    "bench": "prints measurements (test_figures.py)",
    "crash": "dies on purpose (below)",
    "growth": "prints measurements (tools/growth)",
    "exitcode": "is a tool of other tests",
    "fuzz": "is process 1 in a machine of its own (test_fuzz.py)",
    "forkbomb": "would use up the host (below)",
    "memhog": "would use up the host (below)",
    "leak": "needs a machine of its own (below)",
    "exhaust": "would use up the host (below)",
}
RECORDED_ONLY = {
    "badargs": "a 64-bit kernel takes lengths and addresses above 2 GiB that i386 refuses",
    "storm": "signals sent to numbers of processes are not for a host that is needed",
}
PROGRAMS = sorted(p.stem for p in (ROOT / "user/tests").glob("*.c"))


# How Linux ends /tests/crash, by what it does; a host that can is asked itself.
CRASHES = {
    "null": signal.SIGSEGV, "write": signal.SIGSEGV, "exec": signal.SIGSEGV, "div": signal.SIGFPE, "ud": signal.SIGILL,
    "int3": signal.SIGTRAP, "kernel": signal.SIGSEGV, "stack": signal.SIGSEGV, "priv": signal.SIGSEGV, "abort": signal.SIGABRT,
}


def recorded(name):
    """What the program printed on the recorded Linux."""
    found = re.search(rf"^=== {name}\n(.*?)(?=^=== |\Z)", ORACLE.read_text(), re.M | re.S)
    assert found, f"{ORACLE.relative_to(ROOT)} has no run of {name}"
    return found[1]


def on_host(name, *args):
    """Runs a program on Linux, see above; how it ended and what it printed."""
    command = [BUILD / "user/tests" / name, *args]
    if runs_i386() and name not in RECORDED_ONLY:
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL, cwd="/tmp")
        if "needs to be root" not in run.stderr:        # not every user may mount
            return run
    if name == "crash":
        return subprocess.CompletedProcess(command, -CRASHES[args[0]])
    return subprocess.CompletedProcess(command, 0, recorded(name), "")


def tap_lines(text):
    return [x for x in text.splitlines() if re.match(r"(not )?ok |\d+ passed, \d+ failed", x)]


@pytest.mark.parametrize("name", [p for p in PROGRAMS if p not in NOT_COMPARED])
def test_same_as_host(name):
    host = on_host(name)
    guest = boot("", f"/tests/{name}", mem=64)
    assert tap_lines(host.stdout), f"{name} prints no checks on the host: {host}"
    left_out = expected(f"not compared of {name}", "no such line")
    here, there = ([x for x in tap_lines(text) if not x.startswith(left_out)] for text in (guest.console, host.stdout))
    assert here == expected(f"/tests/{name}", there), guest.console
    assert (guest.status, host.returncode) == (0, 0), guest


@pytest.mark.parametrize("kind", CRASHES)
def test_crash_ends_as_on_the_host(kind):
    host = on_host("crash", kind).returncode
    assert host < 0
    result = boot("", f"/tests/crash {kind}", cpu="max")
    assert expected(f"/tests/crash {kind}", f"code {128 - host} ") in result.stderr, f"host: signal {-host}, here: {result.stderr}"


@pytest.mark.early
def test_leak():
    boot("", "/tests/leak 1000", mem=32, timeout=120).expect(0, " 0 failed$")


def test_storm_of_mounts():
    """Until the memory is used up, which comes back."""
    boot("", "/tests/mounts storm", mem=6, timeout=120).expect(0, " 0 failed$")


def test_leak_in_every_mode():
    for option in "vdso=compat", "vdso=off", "vdso_entry=int80":
        boot(option, "/tests/leak 100", mem=32).expect(0, " 0 failed$")


@pytest.mark.parametrize("mem", [16, 64])
@pytest.mark.early
def test_fork_bomb_and_memory_hog(mem):
    """The kernel survives both, and the memory comes back."""
    words = "-c 'forkbomb && memhog && forkbomb && leak 20'"
    boot("", words, mem=mem, timeout=200).expect(0, " 0 failed$")


@pytest.mark.parametrize("mem", [4, 8, 64])
@pytest.mark.early
def test_want_of_everything(mem):
    """Fifteen resources run out, one after another; a neighbour is served within 100 million instructions, and the memory comes back."""
    boot("", "/tests/exhaust 100", mem=mem, timeout=300, icount=True).expect(0, "^46 passed, 0 failed$")


@pytest.mark.parametrize("cpu", ["pentium3", "qemu32,-sep", "max"])
def test_storms(cpu):
    """Signals, forks and ends; a process that is not in it is served within 100 million instructions. Then a fork bomb, and no memory is lost."""
    words = "-c 'storm 1 100 && forkbomb && leak 20'"
    boot("", words, cpu=cpu, mem=32, timeout=200, icount=True).expect(0, "^6 passed, 0 failed$", "^4 passed, 0 failed$", "^ok free memory")


@pytest.mark.parametrize("mode", ["", "vdso=compat", "vdso=off"])
def test_gate_prints_the_page(mode):
    boot(mode, "-c 'gate -n'").expect(0, "SYSINFO_EHDR|ENTRY", *([r"linux-gate\.so\.1"] if "off" not in mode else []))


def test_tour():
    boot("", "-c 'tour -n'").expect(0, "SYSINFO", "vdso=")


@pytest.mark.parametrize("command, pattern", [
    ("echo one two", "^one two$"),
    ("echo b >/tmp/x; echo a >>/tmp/x; cat /tmp/x | wc", r"\b2\b"),
    ("false; echo $?", "^1$"),
    ("sleep 5 & echo $?; kill %1 2>/dev/null || kill $!; echo end", "^end$"),
    ("cd /bin; ls | grep poweroff", "^poweroff$"),
    ("mkdir /tmp/d; cd /tmp/d; echo x >f; ls; rm f; ls; echo end", "^f$"),
    ("uname -a", "Postern.*i[3-6]86"),
    ("ps", "init"),
    ("free", r"\d"),
    ("echo abc | hexdump", "61 62|6261"),
    ("dmesg | grep -c vdso", r"^[1-9]"),
    ("env", "^PATH="),
    ("pvstat", "(?i)native|lguest"),
    ("help", "poweroff"),
    ("cat /proc/self/maps", r"\[vdso\]"),
    ("cat /proc/self/maps", r"\[stack\]"),
    ("cat /proc/cpuinfo", "(?i)vendor|model"),
    ("cat /proc/meminfo", "^MemTotal: +[1-9]"),
    ("cat /proc/mounts", "proc"),
    ("cat /proc/pv", "(?i)patch"),
    ("cat /proc/self/status", "(?i)^pid:"),
    ("cat /no/such/file", "(?i)no such file"),
    ("/no/such/program; echo $?", "^127$"),
    ("echo x >/bin/sh", "the program runs$"),
    ("echo x >/tmp/x; cat /bin/true >/bin/uname; uname; echo $?", "^0$"),
    ("echo 'echo script' >/tmp/s; sh /tmp/s", "^script$"),
])
def test_shell(command, pattern):
    quoted = command.replace("'", "\"") if '"' not in command else command
    result = boot("", stdin=f"{quoted}\n".encode(), mem=32)
    result.expect(0, pattern)


@pytest.mark.quick
def test_shell_line_editing():
    """Arrow keys, backspace and ^C on the console."""
    keys = b"echo ac\x1b[Db\n" + b"echo xy\x7fz\n" + b"\x1b[A\x1b[A\n" + b"garbage\x03echo fr''ee\n"
    text = boot("", stdin=keys, mem=32).expect(0, "^abc$", "^xz$", "^free$").console
    assert len(re.findall("^abc$", text, re.M)) == 2, "history repeats the line"


@pytest.mark.quick
def test_interrupt_key_ends_a_program():
    boot("", stdin=b"sleep 1000\n\x03echo a''fter\n", mem=32, timeout=30).expect(0, "^after$")


@pytest.mark.quick
def test_much_stdin_is_not_lost():
    """What is typed faster than it is read waits."""
    lines = b"".join(b"echo line %d''.\n" % n for n in range(200))
    text = boot("", stdin=lines, mem=32).expect(0).console
    missing = [n for n in range(200) if f"\nline {n}.\n" not in text]
    assert not missing


def test_binary_output_is_not_changed():
    text = boot("", "-c 'hexdump /bin/true | wc'", mem=32).expect(0).console
    assert re.search(r"\d+", text)
