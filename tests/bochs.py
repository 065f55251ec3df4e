# SPDX-License-Identifier: MIT
"""Machines in Bochs, an emulator that shares nothing with QEMU and enforces what QEMU's TCG does not: segment limits, reserved bits of
page tables, cached PDPTEs.

    if missing(): pytest.skip(missing())
    Bochs(grub_iso(folder, "multiboot2 /boot/postern.elf ..."), "p3_katmai").run(timeout=60).expect("exit 0", "^ok$")

It boots from a CD image only, so the command line is written into a GRUB menu (machine.grub_iso). There is no exit port: how a machine
ended is read from Bochs' own log, which a guest cannot write to except under the BIOS' name, and must agree with the guest's last word.
Emulated time counts instructions and starts on a fixed day: the same image on the same processor prints the same bytes.
"""
import functools
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

BIOS = Path("/usr/share/bochs/BIOS-bochs-latest")
VGA_BIOS = Path("/usr/share/vgabios/vgabios.bin")

# "rfb" is the one display in Debian's build that wants neither X nor a terminal; it listens (5900 and up), and waits for nobody. The
# dummy sound: opening a real one overflows a buffer of this Bochs on a machine without a sound card.
CONFIG = """\
display_library: rfb, options="timeout=0"
cpu: model={cpu}, ips=50000000, reset_on_triple_fault=0
memory: guest={mem}, host={mem}
clock: sync=none, time0=1767225600
romimage: file={bios}
vgaromimage: file={vga_bios}
ata0-master: type=cdrom, path="{iso}", status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev="{folder}/serial"
sound: waveoutdrv=dummy
speaker: enabled=0
panic: action=fatal
error: action=report
log: "{folder}/log"
"""

# What Bochs says when a machine is at its end, and the guest's last words that may come before it.
ENDS = {
    "power-off": (r"^\d+p\[ACPI  \] >>PANIC<< ACPI control: soft power off", ("exit",)),
    "halted": (r"^\d+i\[CPU0  \] WARNING: HLT instruction with IF=0!", ("exit", "panic", "double-fault", "refused", "stopped", "shim-panic")),
    "reset": (r"^\d+i\[CPU0  \] cpu software reset", ("restart",)),
    "triple fault": (r"^\d+p\[CPU0  \] >>PANIC<< exception\(\): 3rd \(\d+\) exception with no resolution", ("restart",)),
}
WORD = re.compile(r"postern: outcome ((exit) \d{1,3}|(?:restart|panic|double-fault|refused|stopped|shim-panic))")


@functools.cache
def missing():
    """Why Bochs cannot run here, or None."""
    absent = [name for name, there in (("bochs", shutil.which("bochs")), (BIOS, BIOS.exists()), (VGA_BIOS, VGA_BIOS.exists())) if not there]
    return f"{', '.join(map(str, absent))}: not installed, tools/setup test does it" if absent else None


@functools.cache
def has_debugger():
    p = subprocess.run(["bochs", "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)
    return "-rc filename" in p.stdout + p.stderr


class Run(NamedTuple):
    """What the guest said, how it ended, and Bochs' log.

    outcome: the guest's last word ("exit 0", "panic", ...) if the machine's end bears it out; else what is true instead: "time limit",
    "silent: END" with END of ENDS, "contradiction: ...", or "bochs: ..." where the emulator itself gave up.
    """
    console: str
    outcome: str
    log: str

    def expect(self, outcome, *patterns):
        """Fails with the whole transcript unless the outcome is right and every pattern occurs on the console."""
        wrong = [p for p in patterns if not re.search(p, self.console, re.M)]
        assert self.outcome == outcome and not wrong, (
            f"outcome {self.outcome!r}, expected {outcome!r}; missing: {wrong}\n--- end of Bochs' log ---\n{self.log[-2000:]}\n"
            f"--- console ---\n{self.console}")
        return self


def judge(console, end, problem="no reason given"):
    """The outcome of a Run, from the console and the END that Bochs logged (None: it stopped without, because of a problem)."""
    if end is None:
        return f"bochs: {problem}"
    # The last line. A machine switched off at once keeps the newline in its serial port.
    said = WORD.fullmatch(console.rstrip("\n").rsplit("\n", 1)[-1])
    if not said:
        return f"silent: {end}"
    if (said[2] or said[1]) not in ENDS[end][1]:
        return f"contradiction: the console says {said[1]!r}, the machine's end is {end}"
    return said[1]


class Bochs:
    """A machine with this CD image and processor (`bochs --help cpu` lists them)."""

    def __init__(self, iso, cpu="core_duo_t2400_yonah", *, mem=64):
        self.iso, self.cpu, self.mem = Path(iso).resolve(), cpu, mem

    def run(self, timeout=60):
        """Runs the machine to its end, or for so many seconds; returns the Run."""
        with tempfile.TemporaryDirectory(prefix="postern-bochs-") as name:
            folder = Path(name)
            (folder / "rc").write_text(CONFIG.format(cpu=self.cpu, mem=self.mem, bios=BIOS, vga_bios=VGA_BIOS, iso=self.iso, folder=folder))
            (folder / "go").write_text("c\n")
            command = ["setpriv", "--pdeathsig", "KILL", "bochs", "-q", "-f", str(folder / "rc")]
            command += ["-rc", str(folder / "go")] if has_debugger() else []
            with open(folder / "output", "wb") as output, \
                    subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output) as child:
                try:
                    in_time = self._watch(child, folder, time.monotonic() + timeout)
                finally:
                    child.kill()
            console, log, output = (self._read(folder / part) for part in ("serial", "log", "output"))
            gave_up = re.findall(r">>PANIC<< (.*)", log) or output.strip().splitlines() or ["nothing said"]
            outcome = judge(console, self._end(log), gave_up[-1]) if in_time else "time limit"
            return Run(console, outcome, log)

    @staticmethod
    def _read(path):
        return path.read_bytes().decode("utf-8", "replace").replace("\r", "") if path.exists() else ""

    @staticmethod
    def _end(log):
        """The first of ENDS in the log, or None."""
        found = [(match.start(), end) for end, (pattern, _) in ENDS.items() if (match := re.search(pattern, log, re.M))]
        return min(found)[1] if found else None

    def _watch(self, child, folder, until):
        """Waits for an end. A halted machine stays, and is left alone until its serial line has been quiet for a while."""
        while child.poll() is None:
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
            if self._end(self._read(folder / "log")):
                size = -1
                while size != (size := len(self._read(folder / "serial"))) and child.poll() is None:
                    time.sleep(0.3)
                return True
        return True
