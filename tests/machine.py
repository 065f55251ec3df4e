# SPDX-License-Identifier: MIT
"""Machines for the tests: a scripted run through tools/run, and one to look into from outside through QEMU's monitor.

What a test claims about the kernel's memory is read from a dump of the machine, never from the kernel's own word.
"""
import functools
import importlib
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

from image import elf_of, symbols

ROOT = Path(__file__).resolve().parent.parent
BUILD = (ROOT / os.environ.get("B", "build")).resolve()
KERNEL = BUILD / "postern.elf"
INITRD = BUILD / "initrd.cpio"
KERNEL_BASE = 0xC0000000
ORACLE = ROOT / "tests/oracle/linux-6.1-i386.txt"
sys.path.append(str(ROOT / "tools"))
tool = functools.cache(importlib.import_module("sibling").tool)     # a program of tools/ as a module


@functools.cache
def runs_i386():
    """Whether this host builds and runs i386 programs; found out once, by trying. A kernel without IA-32 emulation refuses them."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "probe"
        built = subprocess.run(["gcc", "-m32", "-x", "c", "-", "-o", program], input=b"int main(void) { return 32; }\n",
                               capture_output=True, check=False)
        try:
            return built.returncode == 0 and subprocess.run([program], timeout=30, check=False).returncode == 32
        except (OSError, subprocess.TimeoutExpired):
            return False


class Result(NamedTuple):
    """How a run ended: tools/run's exit status, the guest's console, and what was said about it."""
    status: int
    console: str
    stderr: str

    def expect(self, status, *patterns):
        """Fails with the whole transcript unless the status is right and every pattern occurs on the console."""
        wrong = [p for p in patterns if not re.search(p, self.console, re.M)]
        assert self.status == status and not wrong, (
            f"status {self.status}, expected {status}; missing: {wrong}\n{self.stderr}\n--- console ---\n{self.console}")
        return self


platform = "native"     # what boot() boots on unless it is told; set by the fixture of that name (conftest.py)


def boot(options="", words="", *, on=None, shim="", cpu=None, mem=None, kernel=None, initrd=None, stdin=b"", timeout=60,
         icount=False, qemu=()):
    """Boots with kernel options and process 1's words ("-c 'ls /'" or "/tests/x ARG"), on a platform, with options for the shim; returns the Result."""
    if (on or platform) == "lguest" and initrd is None:
        mem = mem or 64         # of which the shim clears every byte
    args = [str(ROOT / "tools/run"), "--no-build", "--timeout", str(timeout), "--platform", on or platform, "--shim", shim]
    for name, value in (("cpu", cpu), ("mem", mem), ("kernel", kernel or KERNEL), ("initrd", initrd or INITRD),
                        ("cmdline", f"{options} -- {words}" if words else options)):
        if value is not None:
            args += [f"--{name}", str(value)]
    args += ["--icount"] * icount + (["--", *qemu] if qemu else [])
    p = subprocess.run(args, input=stdin, capture_output=True, timeout=timeout + 30, check=False)
    return Result(p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace"))


def grub_iso(folder, commands, files):
    """A CD image x.iso in the folder that runs these GRUB commands at once, with the files under /boot."""
    boot_folder = folder / "root/boot"
    (boot_folder / "grub").mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, boot_folder)
    (boot_folder / "grub/grub.cfg").write_text(commands + "\nboot\n")
    subprocess.run(["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "--fonts=", "--themes=", "--locales=",
                    "--install-modules=multiboot multiboot2 normal iso9660 biosdisk boot", "-o", folder / "x.iso", folder / "root"],
                   check=True, capture_output=True)
    return folder / "x.iso"


class Mapping(NamedTuple):
    """One present page-table leaf, with the rights of all levels combined."""
    va: int
    pa: int
    size: int
    writable: bool
    user: bool
    executable: bool


class Layout(NamedTuple):
    """Where things stand in the shim's struct guest, and cr3 in struct shadow: offsets."""
    memory: int
    limit: int
    current: int
    cr3: int


@functools.cache
def shim_layout():
    """The Layout, as the compiler makes it from the headers."""
    source = """#include "shim/guest.h"
        #define AT(member) __builtin_offsetof(struct guest, member)
        const unsigned layout[] = { AT(memory), AT(limit), AT(shadows.current),
                                    __builtin_offsetof(struct shadow, cr3) };"""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["gcc", "-m32", "-ffreestanding", "-I", ROOT, "-x", "c", "-c", "-", "-o", f"{folder}/o"], input=source.encode(), check=True)
        subprocess.run(["objcopy", "-O", "binary", "-j", ".rodata", f"{folder}/o", f"{folder}/bytes"], check=True)
        return Layout(*struct.unpack("<4I", Path(folder, "bytes").read_bytes()))


class Machine:
    """QEMU with its monitor on a socket and the guest's console in a pipe.

    On "lguest" the shim runs in it, and Postern under that; memory and page tables are then the guest's, by guest-physical addresses, as the shim's
    records say where they are. What the processor walks is told by real_mappings() and shadow_mappings().
    """

    def __init__(self, folder, options="", words="", *, on=None, shim="", cpu="max", mem=64, kernel=KERNEL, initrd=INITRD, qemu=()):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.mem, self.on = folder, mem, on or platform
        # A socket's path may have 107 characters at most: go there by descriptor.
        self.dir_fd = os.open(folder, os.O_RDONLY)
        monitor = f"/proc/{os.getpid()}/fd/{self.dir_fd}/monitor"
        command = ["qemu-system-i386", "-cpu", cpu, "-m", str(mem), "-display", "none", "-nic", "none", "-no-reboot",
                   "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-serial", "stdio",
                   "-monitor", f"unix:{monitor},server=on,wait=off"]
        line = f"{options} -- {words}" if words else options
        if self.on == "lguest":
            self.mem += 64
            command[command.index("-m") + 1] = str(self.mem)
            modules = f"{kernel} {line.replace(',', ',,')}" + (f",{initrd}" if initrd else "")
            command += ["-kernel", str(BUILD / "shim.elf"), "-append", f"mem={mem}M {shim}", "-initrd", modules]
        elif kernel:
            command += ["-kernel", str(kernel), "-append", line]
        if self.on == "native" and kernel and initrd:
            command += ["-initrd", str(initrd)]
        self.child = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command, *qemu], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.console = ""
        threading.Thread(target=self._listen, daemon=True).start()
        self.socket = socket.socket(socket.AF_UNIX)
        for _ in range(200):
            try:
                self.socket.connect(monitor)
                break
            except OSError:
                time.sleep(0.05)
        self._answer()

    def _listen(self):
        while data := os.read(self.child.stdout.fileno(), 65536):
            self.console += data.decode("utf-8", "replace").replace("\r", "")

    def _answer(self):
        text = b""
        while not text.endswith(b"(qemu) "):
            piece = self.socket.recv(65536)
            if not piece:
                break
            text += piece
        return text.decode("utf-8", "replace").replace("\r", "")

    def hmp(self, command):
        """One monitor command; returns what it prints."""
        self.socket.sendall(command.encode() + b"\n")
        return self._answer()

    def wait_for(self, pattern, timeout=30):
        """Waits until the console shows the pattern; returns the match."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if found := re.search(pattern, self.console, re.M):
                return found
            if self.child.poll() is not None:
                time.sleep(0.2)
                if found := re.search(pattern, self.console, re.M):
                    return found
                break
            time.sleep(0.02)
        raise AssertionError(f"waited for {pattern!r} in vain; console:\n{self.console}")

    def type(self, text):
        self.child.stdin.write(text.encode())
        self.child.stdin.flush()

    def real_memory(self, address=0, size=None):
        path = self.folder / "memory"
        self.hmp(f"pmemsave {address} {size or self.mem << 20} \"{path}\"")
        return path.read_bytes()

    def _guest(self, offset, size=4):
        """A word of the shim's record of its first guest."""
        address = symbols(elf_of((BUILD / "shim.elf").read_bytes()))["guests"][0]
        return int.from_bytes(self.real_memory(address + offset, size), "little")

    def _shadow(self):
        """The offset of the record of the shadow that is in use, or was last."""
        return self._guest(shim_layout().current) - symbols(elf_of((BUILD / "shim.elf").read_bytes()))["guests"][0]

    def guest_range(self):
        """First and last physical address of the guest's memory and devices, the last exclusive."""
        low = self._guest(shim_layout().memory)
        return low, low + (self._guest(shim_layout().limit) << 12)

    def memory(self, address=0, size=None):
        """A dump of physical memory, all of it unless a size is said."""
        if self.on == "native":
            return self.real_memory(address, size)
        at = shim_layout()
        return self.real_memory(self._guest(at.memory) + address, size or self._guest(at.limit) << 12)

    def register(self, name):
        """The value of a register by the name that `info registers` gives it."""
        return int(re.search(rf"\b{name} *=([0-9a-f]+)", self.hmp("info registers"))[1], 16)

    def mappings(self):
        """Stops the machine and lists every mapping of the kernel's page tables."""
        self.hmp("stop")
        if self.on == "native":
            return self.real_mappings()
        return walk(self.memory(), self._guest(self._shadow() + shim_layout().cr3), False)

    def real_mappings(self):
        """The same of those in CR3."""
        self.hmp("stop")
        return walk(self.real_memory(), self.register("CR3"), bool(self.register("EFER") & 0x800))

    def shadow_mappings(self):
        """The same of those that the guest runs by."""
        self.hmp("stop")
        address = symbols(elf_of((BUILD / "shim.elf").read_bytes()))["guests"][0]
        return walk(self.real_memory(), address + self._shadow(), bool(self.register("EFER") & 0x800))

    def end(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        self.socket.close()
        os.close(self.dir_fd)


def walk(memory, cr3, nx):
    """Every present leaf of a PAE page table as a Mapping; the rights are the intersection over the levels."""
    def table(address, n=512):
        address &= 0x000FFFFFFFFFF000 if n == 512 else ~31
        return struct.unpack_from(f"<{n}Q", memory, address) if address + n * 8 <= len(memory) else (0,) * n

    found = []
    for i, pdpte in enumerate(table(cr3, 4)):
        if not pdpte & 1:
            continue
        for j, pmd in enumerate(table(pdpte)):
            if not pmd & 1:
                continue
            large = bool(pmd & 0x80)
            leaves = [(0, pmd)] if large else enumerate(table(pmd))
            for k, leaf in leaves:
                if leaf & 1:
                    both = pmd & leaf
                    found.append(Mapping(i << 30 | j << 21 | k << 12, leaf & (0x000FFFFFFFE00000 if large else 0x000FFFFFFFFFF000),
                                         0x200000 if large else 0x1000, bool(both & 2), bool(both & 4),
                                         not (nx and (pmd | leaf) >> 63)))
    return found
