# SPDX-License-Identifier: MIT
"""The shim: its options, several guests, and a guest that means no good (tests/hostile.c) beside one that behaves.

Whatever a guest does, the shim goes on: its own failure would be the outcome "shim-panic" or silence, and what must not succeed prints BREACH.
"""
import re
import struct
import subprocess
import time

import pytest

import bochs
from machine import BUILD, INITRD, KERNEL, ROOT, boot, grub_iso
from test_userland import NOT_COMPARED, PROGRAMS

FLAGS = ("-m32 -std=gnu11 -march=i686 -O1 -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none -fno-strict-aliasing "
         "-fno-asynchronous-unwind-tables -fno-delete-null-pointer-checks -mregparm=3 -mgeneral-regs-only -Wall -Wextra -Werror").split()
STOPPED = 2 * 5 + 1
HELD = "stopped: it holds the machine with interrupts off"
NAMES = re.findall(r"\w+", re.search(r"attacks\[\]\)\(void\) = \{(.*?)\};", (ROOT / "tests/hostile.c").read_text(), re.S)[1])
ATTACKS = len(NAMES)
SET_UP = 45             # hypercalls of the hostile guest at each of its beginnings, at most
SUITE = f"-c 'for p in {' '.join(p for p in PROGRAMS if p not in NOT_COMPARED)}; do /tests/$p || exit 1; done; echo the whole suite'"


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    """The hostile guest as an ELF image."""
    folder = tmp_path_factory.mktemp("hostile")
    subprocess.run(["gcc", *FLAGS, "-I", ROOT, "-c", ROOT / "tests/hostile.c", "-o", folder / "hostile.o"], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-z", "noexecstack", "-z", "max-page-size=4096", "--build-id=none", "-T",
                    ROOT / "guests/guest.ld", "-o", folder / "hostile.elf", folder / "hostile.o"], check=True)
    return folder / "hostile.elf"


def command(options, modules, cpu="max"):
    """QEMU's, to run the shim with these modules ("FILE words")."""
    return ["qemu-system-i386", "-cpu", cpu, "-m", "256", "-display", "none", "-nic", "none", "-no-reboot", "-serial", "stdio",
               "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", BUILD / "shim.elf", "-append", options,
               "-initrd", ",".join(str(m) for m in modules)]


def shim(options, *modules, cpu="max", timeout=120):
    """(QEMU's exit status, console)"""
    p = subprocess.run(["timeout", str(timeout), *command(options, modules, cpu)], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return p.returncode, p.stdout.decode("utf-8", "replace").replace("\r", "")


@pytest.mark.parametrize("options", [
    "", "tsc=off", "irqpending=sticky", "devices=off", "gates=reflect", "abi=min", "sysenter=on", "tsc=off irqpending=sticky devices=off abi=min",
])
def test_self_test_in_every_mode(options):
    boot("selftest=pv", "-c 'echo end'", on="lguest", shim=options, mem=64).expect(0, "selftest: .* 0 failed")


def test_host_that_sets_its_clock_back():
    """Without a TSC that is the guest's only clock: its own goes on."""
    boot("", "-c 'sleep 1; /tests/times'", on="lguest", shim="tsc=off time=back", mem=64, timeout=60).expect(0, " passed, 0 failed$")


@pytest.mark.parametrize("attack, refused, otherwise", [
    ("pmd_all", "13", "ended: tried"), ("pgd_3", "15", "ended: tried"), ("ring_of_shutdowns", "2 in the ring", "ended: from the ring"),
])
def test_optional_calls_are_refused_by_abi_min(hostile, attack, refused, otherwise):
    """Each kind that docs/lguest.adoc names; that nobody of ours needs them is shown by the self-test above and by the ladder."""
    for options, said in ("abi=min", f"stopped: bad hypercall {refused}: it is optional"), ("", otherwise):
        _, console = shim(f"mem=8M {options}", f"{hostile} attacks=99 restart={NAMES.index(attack)}")
        assert f"shim: guest 1 {said}\n" in console, console


@pytest.mark.parametrize("gates", ["direct", "reflect"])
@pytest.mark.parametrize("sysenter", ["off", "on"])
@pytest.mark.parametrize("mode", ["random", "compat 0xfffdd000"])
def test_gate_by_sysenter_when_asked(sysenter, gates, mode):
    """Whether it faults or comes as vector 0x80 without eip: the gate's whole suite, with the sixth argument, single steps and bad stacks."""
    boot(f"vdso={'on' if mode == 'random' else 'compat'} vdso_entry=sysenter", f"-c 'vdsotest {mode} && signals'", on="lguest", mem=64,
         shim=f"sysenter={sysenter} gates={gates}").expect(0, r"entry sysenter \(slow here\)$", " 0 failed$")


def test_sysenter_is_slow_and_so_not_taken_unasked():
    result = boot("", "/tests/vdsotest random", on="lguest", mem=64, shim="sysenter=on").expect(0, "entry int 0x80$", " 0 failed$")
    assert "slow here" not in result.console


@pytest.mark.parametrize("entry", ["auto", "sysenter"])
def test_host_that_leaves_flags_live(entry):
    """As before 3.18: int 0x80 and faults reach the kernel with the program's TF and NT. The gate's suite sets both."""
    boot(f"vdso_entry={entry}", "-c 'vdsotest random && signals'", on="lguest", mem=64, shim="flags=live").expect(0, " 0 failed$")


def test_no_host_has_live_flags_and_no_direct_gates():
    boot("", "-c 'echo end'", on="lguest", mem=64, shim="flags=live sysenter=on").expect(0, "^shim: flags=live: .*ignored$", "^end$")


@pytest.mark.quick
def test_two_level_host_is_refused():
    boot("", on="lguest", shim="pae=off", mem=64).expect(103, "(?i)PAE")


@pytest.mark.quick
def test_wrong_options_are_named_and_ignored():
    result = boot("", "-c 'echo end'", on="lguest", shim="reserve=5 nonsense tsc=perhaps mem=x crash=never", mem=64).expect(0, "^end$")
    for word in "reserve=5", "nonsense", "tsc=perhaps", "mem=x", "crash=never":
        assert f"shim: option {word} is ignored" in result.console


@pytest.mark.parametrize("kind, said", [
    ("panic", "asked for by crash=panic$"),
    pytest.param("null", r"exception 14, error 0x2, at crash_null\+0x\w+, cr2 0x00000000$", marks=pytest.mark.quick),
    ("text", r"exception 14, error 0x3, at crash_text\+0x\w+, cr2 0x00100000$"),
    ("switcher", r"exception 14, error 0x3, at crash_switcher\+0x\w+, cr2 0xfffdf000$"),
    pytest.param("stack", r"double fault, error 0x0, at crash_stack\+0x\w+, cr2 0x\w+ffc$", marks=pytest.mark.quick),
])
def test_own_faults_are_reported(kind, said):
    """Each is an outcome of its own, with names down to the first function; the code is read-only on a processor without NX, too."""
    boot("", on="lguest", shim=f"crash={kind}", kernel=BUILD / "guests/01-hello.elf", initrd="none", cpu="pentium3", mem=32).expect(
        106, f"^shim: panic: {said}", r"^  (shim_main|start)\+0x")


def test_full_stack_on_bochs(tmp_path):
    """The task switch of another emulator."""
    if bochs.missing():
        pytest.skip(bochs.missing())
    iso = grub_iso(tmp_path, "multiboot2 /boot/shim.elf crash=stack\nmodule2 /boot/01-hello.elf", [BUILD / "shim.elf", BUILD / "guests/01-hello.elf"])
    bochs.Bochs(iso).run().expect("shim-panic", r"^shim: panic: double fault, error 0x0, at crash_stack\+0x\w+, cr2 0x\w+ffc$")


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


def test_slice_ends_after_an_event(hostile):
    """The alarm for the busy one's own event comes instead of that for its slice's end, which must come all the same."""
    _, console = shim("mem=48M", f"{hostile} spin=3 loop=2000000000", f"{KERNEL} -- -c 'echo end'", INITRD)
    assert 0 <= console.find("[2] end") < console.find("guest 1 ended"), console


@pytest.mark.parametrize("attack", ["vm_holds", "vm_holds_as_host"])
def test_watchdog_ends_a_guest_that_turned_interrupts_off(hostile, attack):
    """QEMU lets it, see docs/shim.adoc. The other guest goes on."""
    _, console = shim("mem=48M", f"{hostile} attacks=99 restart={NAMES.index(attack)}", f"{KERNEL} -- -c 'sleep 1; vdsotest random && echo end'", INITRD)
    assert f"guest 1 {HELD}\n" in console and "[2] end" in console, console


def test_watchdog_comes_with_a_key_too(hostile):
    """The timer is silent: the guest is alone and its only event is over."""
    qemu = subprocess.Popen(["timeout", "60", *command("", [f"{hostile} spin=4 loop=300000000"])], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):
        qemu.wait(3)
    for _ in range(50):         # on a busy machine the first ones come before the guest holds it
        qemu.stdin.write(b"x")
        qemu.stdin.flush()
        time.sleep(1)
        if qemu.poll() is not None:
            break
    console = qemu.communicate()[0].decode()
    assert qemu.returncode == STOPPED and HELD in console, console


@pytest.mark.parametrize("period", [303, 997])
def test_nmi_behind_any_instruction(changed_shim, period):
    """The processor's own APIC is made to send one after so many, which falls everywhere: into both ways through the switcher, too."""
    shim = changed_shim([
        ("memory.c", "\ttop[SWITCHER_TEXT", "\tpmd[3][0xFEE00000u / LARGE_PAGE % 512] = 0xFEE00000u | PTE_P | PTE_W | PTE_PCD | PTE_PS;\n\ttop[SWITCHER_TEXT"),
        ("pic.c", "\treturn true;\n", "\tstatic const uint32_t apic[][2] = { { 0xF0, 0x1FF }, { 0x3E0, 0xB }, { 0x320, 0x20400 }, { 0x380, %u } };\n"
                  "\tfor (unsigned i = 0; i < 4; i++)\n\t\t*(volatile uint32_t *)(0xFEE00000u + apic[i][0]) = apic[i][1];\n\treturn true;\n" % period)])
    program = "-- -c 'for p in memory signals vdsotest; do /tests/$p || exit 1; done; echo end'"
    icount = ["-accel", "tcg", "-icount", "shift=0,sleep=off"]
    p = subprocess.run(["timeout", "100", *command("mem=48M", [f"{KERNEL} {program}", INITRD] * 2), *icount, "-kernel", shim / "shim.elf"],
                       stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
    assert p.returncode == 2 * 0x10 + 1 and "[1] end" in p.stdout and "[2] end" in p.stdout, p.stdout[-2000:]


def test_processor_without_apic_has_no_watchdog():
    boot("selftest=pv", on="lguest", cpu="pentium3,-apic", mem=64).expect(0, "^shim: no watchdog: .* APIC", "selftest: .* 0 failed")


def check(console, attacks, batches, calls, program):
    """All has been tried, with so many random calls by the statistics; the good guest's program is done; nothing was broken into."""
    assert "BREACH" not in console and "shim-panic" not in console, console
    assert console.count("guest 1 begins anew") == attacks + batches and "guest 1 ended: postern: outcome exit 0" in console, console
    counts = re.findall(r"^shim: guest 1: hypercalls (.*)$", console, re.M)[-1]
    made = sum(int(n) for n in re.findall(r":(\d+)", counts)) - SET_UP * (attacks + batches + 1)
    assert made >= calls, made
    assert re.search(program, console, re.M) and "guest 2 ended: postern: outcome exit 0" in console, console


@pytest.mark.parametrize("cpu, batches, calls", [("pentium3", 150, 50_000), pytest.param("max", 0, 0, marks=pytest.mark.quick)])
@pytest.mark.early
def test_hostile_guest_beside_a_good_one(hostile, cpu, batches, calls):
    """Every attack, begun anew after each, then random calls, while the other guest passes the whole suite."""
    status, console = shim(f"mem=24M restarts={ATTACKS + batches} lifetime=3000 stats=on", f"{hostile} attacks=99 batches={batches} calls=5000",
                           f"{KERNEL} -- {SUITE}", INITRD, cpu=cpu)
    check(console, ATTACKS, batches, calls, r"^\[2\] the whole suite$")
    assert status == 2 * 0x10 + 1, console


def test_device_of_traces_with_wild_values(hostile, tmp_path):
    """It is there with trace=on only. What is sent carries the sender's number; an address beyond its memory stops the guest."""
    n, log = NAMES.index("trace_device"), tmp_path / "com2"
    modules = [f"{hostile} attacks=99 restart={n}", f"{KERNEL} -- -c 'vdsotest random && echo end'", INITRD]
    p = subprocess.run(["timeout", "120", *command("mem=48M trace=on", modules), "-serial", f"file:{log}"], stdin=subprocess.DEVNULL,
                       capture_output=True, text=True, errors="replace", check=False)
    assert p.returncode == STOPPED and re.search("guest 1 stopped: bad address", p.stdout), p.stdout
    assert "[2] end" in p.stdout and "BREACH" not in p.stdout, p.stdout
    assert {r[1] for r in struct.iter_unpack("=QBBBBHH4I", log.read_bytes())} == {1, 2}     # abi/trace.h


@pytest.mark.long
@pytest.mark.early
def test_a_million_random_hypercalls(hostile):
    """A batch is at its end when a call stops the guest, after some 400. The other guest begins the suite again whenever it is through."""
    status, console = shim("mem=24M restarts=3500 lifetime=1000 stats=on", f"{hostile} attacks=0 batches=3500 calls=5000",
                           f"{KERNEL} -- {SUITE.replace('for p', 'for i in ' + ' '.join('1234567890') + '; do for p', 1).replace('; echo', '; done; echo')}",
                           INITRD, timeout=2400)
    check(console, 0, 3500, 1_000_000, r"^\[2\] the whole suite$")
    assert status == 2 * 0x10 + 1, console[-3000:]


@pytest.mark.parametrize("batches", [40, pytest.param(3000, marks=pytest.mark.long)])
@pytest.mark.parametrize("cpu", ["pentium3", "max"])
@pytest.mark.early
def test_random_code_beside_a_good_guest(hostile, cpu, batches):
    """Ring 1 executes rubbish; a guest that it has sent into a loop is stopped by its lifetime."""
    _, console = shim(f"mem=24M restarts={batches} lifetime=100", f"{hostile} attacks=0 code={batches}",
                      f"{KERNEL} -- -c 'for p in memory signals vdsotest; do /tests/$p || exit 1; done; echo done'", INITRD, cpu=cpu,
                      timeout=60 + batches)
    assert "BREACH" not in console and "shim-panic" not in console, console
    assert console.count("guest 1 begins anew") == batches and "guest 1 ended: postern: outcome exit 0" in console, console
    assert "[2] done" in console and "guest 2 ended: postern: outcome exit 0" in console, console


@pytest.mark.parametrize("cpu", ["core_duo_t2400_yonah", pytest.param("p3_katmai", marks=pytest.mark.long)])
@pytest.mark.early
def test_hostile_guest_on_bochs(hostile, tmp_path, cpu):
    """The same where segment limits and reserved bits are enforced: every attack, and 3,000 random calls."""
    if bochs.missing():
        pytest.skip(bochs.missing())
    menu = ("multiboot2 /boot/shim.elf mem=8M restarts=99 lifetime=3000 stats=on\n"
            "module2 /boot/hostile.elf attacks=99 batches=10 calls=5000 loop=20000000 flood=2000\n"
            "module2 /boot/postern.elf -- -c 'for p in memory vdsotest; do /tests/$p || exit 1; done; echo done'\nmodule2 /boot/initrd.cpio")
    iso = grub_iso(tmp_path, menu, [BUILD / "shim.elf", hostile, KERNEL, INITRD])
    run = bochs.Bochs(iso, cpu, mem=64).run(timeout=300).expect("exit 0")
    check(run.console, ATTACKS, 10, 3_000, r"^\[2\] done$")


@pytest.mark.parametrize("command", ["multiboot2", "multiboot"])
def test_started_by_grub(tmp_path, command):
    module = {"multiboot2": "module2", "multiboot": "module"}[command]
    menu = (f"{command} /boot/shim.elf mem=48M\n{module} /boot/postern.elf vdso=compat -- -c 'vdsotest compat 0xfffdd000'\n"
            f"{module} /boot/initrd.cpio")
    iso = grub_iso(tmp_path, menu, [BUILD / "shim.elf", KERNEL, INITRD])
    boot(kernel="none", initrd="none", qemu=["-cdrom", str(iso)]).expect(0, " 0 failed$")
