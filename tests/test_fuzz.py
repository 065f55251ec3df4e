# SPDX-License-Identifier: MIT
"""Random system calls with nasty arguments from several processes at once (user/tests/fuzz.c): the kernel survives them as it was.

The program itself checks what can be seen from inside (memory, files, processes). From outside: no panic, and the kernel's text and constants have not changed.
"""
import re

import pytest

import image
from machine import KERNEL, KERNEL_BASE, boot

ELF = image.elf_of(KERNEL.read_bytes())
CPUS = ["pentium3", "max"]
PASSED = r"^5 passed, 0 failed$"


def text_and_constants(memory):
    """The bytes of every section that is linked high and that nobody may write."""
    sections = [s for s in ELF.iter_sections() if s["sh_flags"] & 3 == 2 and s["sh_addr"] >= KERNEL_BASE]
    return {s.name: memory[s["sh_addr"] - KERNEL_BASE:s["sh_addr"] - KERNEL_BASE + s["sh_size"]] for s in sections}


@pytest.mark.parametrize("calls", [50000, pytest.param(1000000, marks=pytest.mark.long)])
@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.early
def test_calls_leave_the_kernel_as_it_was(start, cpu, calls):
    m = start("init=/tests/fuzz", f"{len(cpu)} {calls} 4 wait", cpu=cpu)
    m.wait_for("cycles from the door to process 1")
    before = text_and_constants(m.memory())
    m.wait_for(PASSED, calls // 200)
    after = text_and_constants(m.memory())
    assert before[".text"] and before == after, [name for name in before if before[name] != after[name]]


@pytest.mark.parametrize("cpu, calls", [("pentium3", 50000), *(pytest.param(cpu, 1000000, marks=pytest.mark.long) for cpu in CPUS)])
@pytest.mark.early
def test_calls_under_the_shim(cpu, calls):
    boot("init=/tests/fuzz", f"3 {calls}", on="lguest", cpu=cpu, mem=96, timeout=calls // 200).expect(0, PASSED)


@pytest.mark.early
def test_calls_in_little_memory():
    """Many workers in 8 MiB: allocations fail all over the place, and the out-of-memory killer has work."""
    result = boot("init=/tests/fuzz", "5 20000 8", mem=8, timeout=200).expect(0, PASSED)
    assert re.search(r"^# .*SIGKILL", result.console, re.M)


@pytest.mark.parametrize("tries", [3000, pytest.param(100000, marks=pytest.mark.long)])
@pytest.mark.parametrize("on, cpu", [("native", "max"), ("native", "pentium3"), ("lguest", "max"), ("lguest", "pentium3")])
@pytest.mark.early
def test_random_code(on, cpu, tries):
    """Ring 3 executes rubbish that is rich in instructions about segments, interrupts and privilege: it harms nobody but its own process."""
    result = boot("init=/tests/fuzz", f"code 7 {tries}", on=on, cpu=cpu, mem=64, timeout=60 + tries // 50).expect(0, PASSED)
    assert {"SIGSEGV", "SIGILL", "SIGTRAP"} <= set(re.findall(r"SIG[A-Z]+", result.console))


@pytest.mark.parametrize("tries", [2000, pytest.param(50000, marks=pytest.mark.long)])
@pytest.mark.parametrize("on", ["native", "lguest"])
@pytest.mark.early
def test_damaged_programs(on, tries):
    """ELF and program headers with words changed, and files cut short: an errno for execve, or a program that ends for its own reasons."""
    result = boot("init=/tests/fuzz", f"elf 3 {tries}", on=on, mem=64, timeout=60 + tries // 50).expect(0, PASSED)
    assert re.search(r"^# exit \d{3}.* SIGSEGV \d", result.console, re.M)
