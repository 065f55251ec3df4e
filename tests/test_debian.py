# SPDX-License-Identifier: MIT
"""Debian's i386 programs, as they come from the archive, on every platform."""
import os
import re
import shutil
import subprocess

import pytest

import debian
from machine import BUILD, ROOT, boot

pytestmark = pytest.mark.platforms("native", "lguest")

# What no console may show, whatever the program.
FORBIDDEN = re.compile(r"not implemented|Bad system call|Segmentation|SIGSEGV|panic|Oops|corrupt|Illegal instruction|assert", re.I)


def run(words, *, stdin=b"", status=0, patterns=(), initrd=None, **more):
    """Boots with process 1's words; its console, in which every pattern occurs and nothing that is forbidden."""
    result = boot(more.pop("options", ""), words, initrd=initrd or debian.busybox_initrd(), stdin=stdin, **more).expect(status, *patterns)
    found = FORBIDDEN.search(result.console)
    assert not found, f"{found[0]!r} on the console:\n{result.console}"
    return result.console


def test_busybox_initrd():
    """One command to a shell, and every way out of it."""
    run("", stdin=b"echo $((6 * 7)); exit 9\n", status=9, patterns=["^42$", "built-in shell"])
    run("", stdin=b"poweroff\n", patterns=["Debian's busybox"])
    run("", stdin=b"reboot\n", status=100)
    run("-c 'ls -l /init; false'", status=1, patterns=[r"^-rwxr-xr-x +1 root +root +\d+ .* /init$"])


@pytest.mark.platforms("native")
def test_a_failed_fetch_is_one_clear_line(tmp_path):
    """Neither a trace nor a boot, whether the mirror or apt is missing."""
    away = {**os.environ, "B": str(tmp_path), "DEBIAN_MIRROR": "http://127.0.0.1:9/debian"}
    shutil.copy(BUILD / "postern.elf", tmp_path)
    p = subprocess.run([ROOT / "tools/run", "--initrd", "busybox"], env=away, capture_output=True, text=True, timeout=60, check=False,
                       stdin=subprocess.DEVNULL)
    assert (p.returncode, p.stdout) == (125, "")
    assert re.fullmatch(r"tools/debian: fetching busybox-static.*\ntools/debian: cannot fetch busybox-static: E: .*\n", p.stderr), p.stderr
