# SPDX-License-Identifier: MIT
"""The shim: its options, several guests, and a guest that means no good (tests/hostile.c) beside one that behaves.

Whatever a guest does, the shim goes on: its own failure would be the outcome "shim-panic" or silence, and what must not succeed prints BREACH.
"""
import subprocess

import pytest

from machine import BUILD, INITRD, KERNEL, ROOT, boot, grub_iso

FLAGS = ("-m32 -std=gnu11 -march=i686 -O1 -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none -fno-strict-aliasing "
         "-fno-asynchronous-unwind-tables -fno-delete-null-pointer-checks -mregparm=3 -mgeneral-regs-only -Wall -Wextra -Werror").split()
STOPPED = 2 * 5 + 1


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    """The hostile guest as an ELF image."""
    folder = tmp_path_factory.mktemp("hostile")
    subprocess.run(["gcc", *FLAGS, "-I", ROOT, "-c", ROOT / "tests/hostile.c", "-o", folder / "hostile.o"], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-z", "noexecstack", "-z", "max-page-size=4096", "--build-id=none", "-T",
                    ROOT / "guests/guest.ld", "-o", folder / "hostile.elf", folder / "hostile.o"], check=True)
    return folder / "hostile.elf"


def shim(options, *modules, cpu="max", timeout=120):
    """Runs the shim with these modules ("FILE words"); (QEMU's exit status, console)."""
    command = ["qemu-system-i386", "-cpu", cpu, "-m", "256", "-display", "none", "-nic", "none", "-no-reboot", "-serial", "stdio",
               "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", BUILD / "shim.elf", "-append", options,
               "-initrd", ",".join(str(m) for m in modules)]
    p = subprocess.run(["timeout", str(timeout), *command], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return p.returncode, p.stdout.decode("utf-8", "replace").replace("\r", "")


@pytest.mark.parametrize("options", [
    "", "tsc=off", "irqpending=sticky", "devices=off", "gates=reflect", "abi=min", "sysenter=on", "tsc=off irqpending=sticky devices=off abi=min",
])
def test_self_test_in_every_mode(options):
    boot("selftest=pv", "-c 'echo end'", on="lguest", shim=options, mem=64).expect(0, "selftest: .* 0 failed")


@pytest.mark.quick
def test_two_level_host_is_refused():
    boot("", on="lguest", shim="pae=off", mem=64).expect(103, "(?i)PAE")


@pytest.mark.quick
def test_wrong_options_are_named_and_ignored():
    result = boot("", "-c 'echo end'", on="lguest", shim="reserve=5 nonsense tsc=perhaps mem=x", mem=64).expect(0, "^end$")
    for word in "reserve=5", "nonsense", "tsc=perhaps", "mem=x":
        assert f"shim: option {word} is ignored" in result.console


def test_bad_images_are_refused(tmp_path):
    (tmp_path / "text").write_bytes(b"no image")
    status, console = shim("", tmp_path / "text")
    assert status == 2 * 3 + 1 and "neither an ELF image" in console, console
    (tmp_path / "cut").write_bytes(KERNEL.read_bytes()[:5000])
    status, console = shim("mem=16M", tmp_path / "cut")
    assert status == STOPPED and "not in the file" in console, console
    status, console = shim("mem=16M restarts=3", tmp_path / "cut")
    assert status == STOPPED and console.count("not in the file") == 4, console


def test_two_guests_have_lines_of_their_own():
    status, console = shim("mem=48M", f"{KERNEL} -- -c 'echo first'", INITRD, f"{KERNEL} -- -c 'echo second'", INITRD)
    assert status == 2 * 0x10 + 1, console
    assert "[1] first" in console and "[2] second" in console, console


@pytest.mark.parametrize("options", ["", "sysenter=on"])
def test_real_interrupts_stay_on(hostile, options):
    status, console = shim(f"mem=16M lifetime=1000 {options}", f"{hostile} spin=2", timeout=20)
    assert status == STOPPED and "it has run for 1000 ms" in console, console


def test_sleeper_wakes_beside_a_busy_guest(hostile):
    """The busy one has the processor to itself when the other's event comes."""
    _, console = shim("mem=48M lifetime=8000", f"{hostile} spin=1", f"{KERNEL} -- -c 'sleep 1; echo woke'", INITRD)
    woke, over = console.find("[2] woke"), console.find("guest 1 stopped: it has run for 8000 ms")
    assert 0 < woke < over, console


@pytest.mark.parametrize("cpu", ["pentium3", pytest.param("max", marks=pytest.mark.quick)])
def test_hostile_guest_beside_a_good_one(hostile, cpu):
    """Every attack, begun anew after each, while the other guest passes a program of checks."""
    status, console = shim("mem=24M restarts=90 lifetime=3000", f"{hostile} attacks=99", f"{KERNEL} -- /tests/memory", INITRD, cpu=cpu)
    assert "BREACH" not in console and "shim-panic" not in console, console
    assert console.count("guest 1 begins anew") >= 70 and "guest 1 ended: postern: outcome exit 0" in console, console
    assert "guest 2 ended: postern: outcome exit 0" in console and status == 2 * 0x10 + 1, console


@pytest.mark.parametrize("batches", [pytest.param(100, id="100000"), pytest.param(2000, id="million", marks=pytest.mark.long)])
def test_random_hypercalls(hostile, batches):
    """About half of a batch's calls are made before one stops the guest; the statistics tell."""
    status, console = shim(f"mem=8M restarts={batches} lifetime=1000 stats=on", f"{hostile} attacks=0 batches={batches} calls=5000", timeout=1500)
    assert "BREACH" not in console and status == 2 * 0x10 + 1, console[-3000:]
    assert console.count("begins anew") == batches


@pytest.mark.parametrize("command", ["multiboot2", "multiboot"])
def test_started_by_grub(tmp_path, command):
    module = {"multiboot2": "module2", "multiboot": "module"}[command]
    menu = (f"{command} /boot/shim.elf mem=48M\n{module} /boot/postern.elf vdso=compat -- -c 'vdsotest compat 0xfffdd000'\n"
            f"{module} /boot/initrd.cpio")
    iso = grub_iso(tmp_path, menu, [BUILD / "shim.elf", KERNEL, INITRD])
    boot(kernel="none", initrd="none", qemu=["-cdrom", str(iso)]).expect(0, " 0 failed$")
