# SPDX-License-Identifier: MIT
"""The harness itself: every outcome and every kind of lie, told by a stand-in guest, ends in the status of the table.

The stand-in is a 60-line multiboot program, so that this holds whatever state the kernel is in. Forced failures show that
a red test is red.
"""
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

import pytest

from machine import ROOT, boot

pytestmark = pytest.mark.quick


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    """The image of tests/guest.asm, which does what the first letter of its command line says."""
    folder = tmp_path_factory.mktemp("guest")
    subprocess.run(["nasm", "-f", "elf32", "-o", folder / "guest.o", ROOT / "tests/guest.asm"], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-n", "-Ttext", "0x100000", "-e", "_start", "--no-warn-rwx-segments",
                    "-o", folder / "guest.elf", folder / "guest.o"], check=True)
    return folder / "guest.elf"


@pytest.mark.parametrize("letter, status, said", [
    ("0", 0, ""),
    ("7", 7, "exited with code 7"),
    ("2", 64, "exited with code 200"),
    ("r", 100, "restart"),
    ("p", 101, "panic"),
    ("d", 102, "double-fault"),
    ("x", 103, "refused"),
    ("t", 104, "triple fault"),
    ("c", 125, "contradiction"),        # says exit 0, writes panic
    ("n", 125, "contradiction"),        # writes exit 0, says nothing
    ("m", 125, "contradiction"),        # says exit 0, but not at the end
])
def test_outcome(stand_in, letter, status, said):
    result = boot(letter, kernel=stand_in, initrd="none", timeout=20)
    assert (result.status, said in result.stderr) == (status, True), result
    assert result.console.startswith("hello\n")
    if letter != "m":
        assert result.console == "hello\n", "the outcome is stripped"


def test_time_limit(stand_in):
    began = time.monotonic()
    assert boot("h", kernel=stand_in, initrd="none", timeout=1.5).status == 124
    assert time.monotonic() - began < 10


def test_stdin_is_typed_and_its_end_is_ctrl_d(stand_in):
    result = boot("i", kernel=stand_in, initrd="none", stdin=b"one\ntwo", timeout=20)
    assert (result.status, result.console) == (0, "hello\none\ntwo\n")


def test_qemu_refuses(stand_in):
    result = boot("0", kernel=stand_in, initrd="none", qemu=["-no-such-thing"])
    assert result.status == 125 and "no-such-thing" in result.stderr


def run(*args, **kwargs):
    return subprocess.run([ROOT / "tools/run", "--no-build", *args], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, check=False, **kwargs)


@pytest.mark.parametrize("args, said", [
    (["--platform", "xen"], "not available yet"),
    (["--platform", "kvm"], "not available yet"),
    (["--platform", "nonsense"], "no such platform"),
    (["--mem", "lots"], "MiB"),
    (["--timeout", "soon"], "seconds"),
    (["--kernel", "/no/such/file"], "cannot read"),
    (["--nonsense"], "usage"),
    (["--cmdline"], "usage"),
])
def test_bad_arguments(args, said):
    p = run(*args)
    assert p.returncode == 125 and said in p.stderr and not p.stdout


def test_missing_qemu(stand_in, tmp_path):
    for tool in ("sh", "dirname", "python3", "id"):
        (tmp_path / tool).symlink_to(subprocess.check_output(["sh", "-c", f"command -v {tool}"], text=True).strip())
    p = run("--kernel", str(stand_in), "--initrd", "none", env={"PATH": str(tmp_path)})
    assert p.returncode == 125 and "missing" in p.stderr


def test_initrd_name_with_blank_and_comma(stand_in, tmp_path):
    odd = tmp_path / "a b,c"
    odd.write_bytes(b"x")
    assert boot("0", kernel=stand_in, initrd=odd, timeout=20).status == 0


def test_host_command(stand_in):
    qemu = "qemu-system-i386 -display none -nic none -serial stdio -no-reboot -kernel {kernel} -append {cmdline}"
    for letter, status in (("p", 101), ("7", 7), ("t", 104)):
        p = run("--kernel", str(stand_in), "--initrd", "none", "--cmdline", f"{letter} it's $HOME", "--host",
                qemu + " -device isa-debug-exit,iobase=0xf4", "--timeout", "20")
        assert (p.returncode, p.stdout) == (status, "hello\n"), p
    assert run("--kernel", str(stand_in), "--initrd", "none", "--host", "no-such-command").returncode == 125
    for end, status in (("lguest: CRASH: postern: outcome exit 7", 7), ("postern: outcome exit 7\\nmore", 104)):
        p = run("--kernel", str(stand_in), "--initrd", "none", "--host", f"printf 'a\\r\\r'; sleep 0.2; printf '\\nb\\r\\r\\n{end}\\n'")
        assert p.returncode == status and p.stdout.startswith("a\nb\n"), p
    assert run("--kernel", str(stand_in), "--initrd", "none", "--host", "exit 105").returncode == 105


def test_signal_ends_the_machine(stand_in):
    for number in signal.SIGTERM, signal.SIGINT:
        with subprocess.Popen([ROOT / "tools/run", "--no-build", "--kernel", stand_in, "--initrd", "none", "--cmdline", "h"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as p:
            assert p.stdout.read(5) == b"hello"
            children = subprocess.check_output(["pgrep", "-P", str(p.pid)], text=True).split()
            p.send_signal(number)
            assert p.wait(10) == -number
            time.sleep(0.2)
            assert children and not any(os.path.exists(f"/proc/{c}") for c in children)


@pytest.mark.parametrize("letter, keys, status, last", [
    ("0", b"", 0, "Postern has powered off."),
    ("h", b"\x01x", 0, "Left QEMU."),
    ("i", b"ab\x03\x04", 0, "ab\x03\r\r\n\r\nPostern has powered off."),        # Ctrl-C is the guest's
    ("p", b"", 101, "panic (exit status 101)"),
    ("t", b"", 104, "triple fault (exit status 104)"),
])
def test_on_a_terminal(stand_in, letter, keys, status, last):
    main, side = pty.openpty()
    before = termios.tcgetattr(side)
    script = ("import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
              "os.execv(sys.argv[1], sys.argv[1:])")
    with subprocess.Popen([sys.executable, "-c", script, ROOT / "tools/run", "--no-build", "--kernel", stand_in, "--initrd",
                           "none", "--cmdline", letter], stdin=side, stdout=side, stderr=side) as p:
        text = b""
        while b"hello" not in text:
            text += os.read(main, 4096)
        time.sleep(0.3)
        os.write(main, keys)
        assert p.wait(20) == status
    while select.select([main], [], [], 0.1)[0]:        # nothing, if the guest was done before its first word was read
        text += os.read(main, 4096)
    assert text.decode().rstrip().endswith(last), text
    assert "postern: outcome" not in text.decode()
    assert termios.tcgetattr(side) == before, "the terminal is as it was"


def inner(tmp_path, body, *args):
    """Runs a suite of one file under this suite's own configuration, with its last line."""
    (tmp_path / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text())
    (tmp_path / "test_inner.py").write_text(body)
    counts = tmp_path / "counts"
    p = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, "--counts", counts,
                        *args, tmp_path], cwd=tmp_path, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT / "tests")}, check=False)
    print(p.stdout.decode()[-2000:])        # shown when the outer test fails
    return p.returncode, counts.read_text()


def test_the_suite_can_fail(tmp_path):
    assert inner(tmp_path, "def test_a(): assert 0\ndef test_b(): pass\n") == (1, "1 passed, 1 failed, 0 skipped")


def test_an_error_counts_as_failure(tmp_path):
    status, counts = inner(tmp_path, "import pytest\n@pytest.fixture\ndef f(): 1 / 0\ndef test_a(f): pass\n")
    assert (status, counts) == (1, "0 passed, 1 failed, 0 skipped")


def test_nothing_ran_is_a_failure(tmp_path):
    status, counts = inner(tmp_path, "def test_a(): pass\n", "-k", "nonsense")
    assert status != 0 and counts == "0 passed, 0 failed, 0 skipped"


def test_a_guest_that_lies_is_caught(stand_in):
    """The check of a boot test, made on a guest that says nothing of what is expected."""
    with pytest.raises(AssertionError, match="missing"):
        boot("0", kernel=stand_in, initrd="none").expect(0, "^Postern")
    with pytest.raises(AssertionError, match="status 101, expected 0"):
        boot("p", kernel=stand_in, initrd="none").expect(0, "^hello")
