# SPDX-License-Identifier: MIT
"""make debug: gdb stops the kernel, has its symbols, and the helpers print what they promise."""
import re
import shutil
import subprocess

import pytest

from machine import ROOT

LOADER = ["hbreak *(int)&start", "continue", "set $cr4 = 0x40600"]      # what one that used AVX may leave in CR4
COMMANDS = [*LOADER, "break vfs_open_console", "continue", "printf \"OSXSAVE %d\\n\", $cr4 >> 18 & 1", "postern-task", "postern-walk &vfs_open_console",
            "postern-walk 0", "postern-pv", "postern-log", "info symbol $eip", "kill"]


@pytest.fixture(scope="module")
def session():
    assert shutil.which("gdb"), "gdb is missing: run tools/setup test"
    command = [str(ROOT / "tools/debug"), "--", "-batch", *[x for c in COMMANDS for x in ("-ex", c)]]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False).stdout


@pytest.mark.parametrize("pattern", [
    r"Breakpoint 2, vfs_open_console",
    "OSXSAVE 0",
    r"pid 1 ",
    r"0xc01\w+ -> 0x1\w+ -x-",
    r"not present",
    r"irq\.save: .*native_",
    r"Postern: a small paravirtual kernel",
    r"vfs_open_console in section \.text|vfs_open_console \+ \d+",
])
def test_helper(session, pattern):
    assert re.search(pattern, session), session
