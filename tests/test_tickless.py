# SPDX-License-Identifier: MIT
"""Nothing ticks: the interrupts that the processor takes are counted from outside, by QEMU's own log of them (-d int).

The PIT reaches 55 ms at most (65,536 counts at 1.193182 MHz), so who waits for something later is woken that often. Slices of 10 ms tick only
while two tasks want the processor; that row also shows that the count would see a periodic tick.
"""
import re
import time

import pytest

SECONDS = 2
PIT_RANGE = 0.0549
SETTLED = 5		# seconds after which the clock has its final rate (arch/x86/clock.c)


class Counted:
    """A machine at its prompt, and how many interrupts it takes."""

    def __init__(self, start, tmp_path):
        self.log = tmp_path / "interrupts"
        self.machine = start(qemu=("-d", "int", "-D", str(self.log)))
        self.machine.wait_for(r"poweroff to leave[\s\S]*[$#] ?\Z")
        self.since = time.monotonic()

    def count(self):
        return len(re.findall(rb"Servicing hardware INT=", self.log.read_bytes()))

    def per_second(self):
        """Over SECONDS, once the clock has settled and the last key has been dealt with."""
        time.sleep(max(1, SETTLED - (time.monotonic() - self.since)))
        before, began = self.count(), time.monotonic()
        time.sleep(SECONDS)
        return (self.count() - before) / (time.monotonic() - began)


@pytest.mark.parametrize("command, least, most", [
    pytest.param("", 0, 1, id="idle"),
    pytest.param("sleep 1000\n", 0, 1 / PIT_RANGE + 2, id="idle until a distant time"),
    pytest.param("while :; do :; done\n", 0, 1, id="one runnable task"),
    pytest.param("while :; do :; done &\nwhile :; do :; done\n", 60, 150, id="two runnable tasks"),
])
@pytest.mark.early
def test_interrupts_per_second(start, tmp_path, command, least, most):
    counted = Counted(start, tmp_path)
    counted.machine.type(command)
    rate = counted.per_second()
    assert least <= rate <= most, f"{rate:.1f} interrupts a second, between {least} and {most:.0f} expected"
    assert counted.machine.child.poll() is None, counted.machine.console
