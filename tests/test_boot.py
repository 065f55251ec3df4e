# SPDX-License-Identifier: MIT
"""How Postern comes up and how it ends: every door, every size of memory, boot options, and each outcome of the table."""
import re
import shutil
import struct

import pytest

import image
from elsewhere import expected
from machine import BUILD, INITRD, KERNEL, ROOT, boot, grub_iso

pytestmark = pytest.mark.platforms("native", "lguest")
quick = pytest.mark.quick
few = pytest.mark.long_on("lguest")     # the other cells are enough there


@quick
def test_prompt_and_power_off():
    """What a newcomer sees: a greeting with the ways in and out, a shell, a clean end."""
    result = boot(stdin=b"echo it is $((6*7)) 2>/dev/null || echo works\npoweroff\n")
    result.expect(0, "help.*tour.*poweroff", "Ctrl-A x", r"^Postern \S+ on i686\.")
    assert "postern: outcome" not in result.console and not result.stderr


@quick
def test_end_of_stdin_ends_the_shell():
    boot(stdin=b"echo a''b").expect(0, "^ab$")


# ---- doors ----

@pytest.fixture(scope="module")
def iso(tmp_path_factory):
    """A GRUB ISO with one entry of our own making: iso(name, grub commands)."""
    assert shutil.which("grub-mkrescue"), "grub-mkrescue is missing: run tools/setup test"

    def make(commands):
        return grub_iso(tmp_path_factory.mktemp("iso"), commands, [KERNEL, INITRD])
    return make


def boot_iso(path, **kwargs):
    return boot(kernel="none", initrd="none", qemu=["-boot", "d", "-cdrom", str(path)], **kwargs)


@quick
def test_door_multiboot1():
    boot("", "/tests/exitcode 9").expect(9, r"[Mm]ultiboot ?1?\b")


def test_door_multiboot1_grub(iso):
    path = iso("multiboot /boot/postern.elf vdso=compat -- /tests/exitcode 9\nmodule /boot/initrd.cpio")
    boot_iso(path).expect(9, r"[Mm]ultiboot ?1?\b", "compat at 0xffffe000")


def test_door_multiboot2(iso):
    path = iso("multiboot2 /boot/postern.elf vdso=compat -- /tests/exitcode 9\nmodule2 /boot/initrd.cpio")
    boot_iso(path).expect(9, r"[Mm]ultiboot ?2", "compat at 0xffffe000")


@quick
def test_door_pvh(tmp_path):
    copy = tmp_path / "pvh.elf"
    copy.write_bytes(image.without_multiboot(KERNEL.read_bytes()))
    boot("vdso=compat", "/tests/exitcode 9", kernel=copy).expect(9, "PVH", "compat at 0xffffe000")


def test_grub_menu():
    """The image of `make iso` boots its first entry to a shell; the menu offers the modes of the gate."""
    boot_iso(BUILD / "postern.iso", stdin=b"echo a''b\n").expect(0, "^ab$")
    menu = (ROOT / "boot/grub.cfg").read_text()
    assert len(re.findall(r"^menuentry", menu, re.M)) >= 4
    for words in "vdso=compat", "vdso=off", "reservetop=":
        assert words in menu


def test_grub_menu_entries(iso):
    """Every command line of the menu boots."""
    for line in re.findall(r"multiboot2? /boot/postern\.elf(.*)", (ROOT / "boot/grub.cfg").read_text()):
        result = boot(line.strip(), "/tests/exitcode 3")
        result.expect(3)
        assert "unknown option" not in result.console


# ---- memory ----

@pytest.mark.parametrize("mem", [
    16, *(pytest.param(m, marks=few) for m in (17, 31, 32, 64, 128, 256, 512, 767, 768, 880, 896)), 897, *(pytest.param(m, marks=few) for m in (1024, 2048, 3072, 3584))])
def test_memory_size(mem):
    mem = min(mem, expected("most memory", mem))
    result = boot("", "-c 'vdsotest >/dev/null && free && echo fine'", mem=mem)
    result.expect(0, "^fine$")
    if mem > 900:
        assert re.search(r"unused", result.console), "RAM beyond the direct map is reported"


@pytest.mark.parametrize("mem", [2, 3])
def test_very_little_memory(mem):
    """It runs, or says that it can't: refused or a panic with a line, never silence."""
    result = boot(mem=mem)
    assert result.status in (0, 101, 103) and len(result.console) > 100, result


@pytest.mark.parametrize("mem, reserve", [pytest.param(mem, reserve, marks=[pytest.mark.long] * (mem != 256 and reserve not in ("4K", "168M", "256M")))
                                          for mem in (16, 256, 3584) for reserve in ("4K", "132K", "2M", "4M", "64M", "168M", "256M")])
def test_reserve_top(mem, reserve):
    size = int(reserve[:-1]) << (10 if reserve[-1] == "K" else 20)
    boot(f"reservetop={reserve} vdso=compat", f"/tests/vdsotest compat {0x100000000 - size - 0x2000:#x}", mem=mem).expect(
        0, f"Reserving virtual address space above 0x{0x100000000 - size:08x}", "relocated from 0xffffe000", " 0 failed")


# ---- options ----

@quick
def test_unknown_option_warns():
    boot("nonsense=1", "/tests/exitcode 0").expect(0, r"nonsense")


@pytest.mark.parametrize("option", ["vdso=banana", *(pytest.param(o, marks=few) for o in (
    "vdso_entry=banana", "reservetop=banana", "reservetop=", "reservetop=-4K", "reservetop=999999999999", "reservetop=300M", "vdso=", "vdso"))])
def test_bad_value_warns_and_goes_on(option):
    boot(option, "/tests/vdsotest").expect(0, rf"(?i)(warning|ignor|unknown|bad|not).*|.*{option.split('=')[0]}.*(ignored|unknown)")


def test_command_line_too_long_is_refused():
    boot("x" * 5000).expect(103, "(?i)command line")


def test_init_option():
    boot("init=/tests/exitcode", "12").expect(12)


def test_missing_init():
    boot("init=/no/such/program").expect(101, "/no/such/program")


@quick
def test_no_initrd_runs_the_self_test():
    boot(initrd="none").expect(0, "^trying", "ok")


# ---- outcomes ----

@quick
@pytest.mark.parametrize("code, status", [(0, 0), (63, 63), (64, 64), *(
    pytest.param(code, min(code, 64), marks=few) for code in (1, 42, 200, 255))])
def test_outcome_exit(code, status):
    result = boot("", f"/tests/exitcode {code}").expect(status)
    assert (f"code {code} " in result.stderr) == (code > 0)


def test_outcome_power_off_and_restart():
    boot("", "-c poweroff").expect(0)
    boot("", "-c reboot").expect(100)


@quick
def test_outcome_panic_when_process_1_dies():
    """The panic line names what to try: an old user land may have tripped over the gate."""
    boot("init=/tests/crash", "null").expect(101, "(?i)panic", "vdso=(off|0|compat)")


def test_outcome_unfinished_line_before_the_end():
    """The outcome stands on a line of its own even when the last output had no newline."""
    result = boot("", "-c 'echo -n abc || printf abc'")
    assert result.status == 0 and result.console.endswith("abc\n"), result


@pytest.mark.parametrize("cpu", ["486", "qemu32,-pae"])
def test_outcome_refused_without_pae(cpu):
    boot(cpu=cpu).expect(103, "PAE")


@quick
def test_outcome_triple_fault():
    boot("crash=triple").expect(expected("crash=triple", 104))


@quick
def test_outcome_time_limit():
    boot("", "/bin/sleep 1000", timeout=4).expect(124)


# ---- crashes of the kernel's own ----

@quick
def test_null_dereference_in_the_kernel():
    """A readable panic: what happened, where, and a backtrace of names."""
    boot("crash=null").expect(101, "(?i)panic", "(?i)(page fault|null).*0x0000000[0-9a-f]|0x0*0\\b", r"\b\w+\+0x[0-9a-f]+")


def test_panic_backtrace_names_the_path():
    text = boot("crash=panic").expect(101, r"\b[a-z_]\w*\+0x[0-9a-f]+").console
    assert len(re.findall(r"\b[a-z_]\w*\+0x[0-9a-f]+", text)) >= 2, text


@quick
@pytest.mark.parametrize("option", ["crash=stack", "crash=doublefault"])
def test_stack_overflow_is_a_double_fault(option):
    boot(option).expect(expected("crash=stack", 102), expected("crash=stack says", "(?i)double fault"))


# ---- the same on other machines ----

@pytest.mark.parametrize("machine", [pytest.param("q35", marks=few), "isapc"])
def test_other_machine_types(machine):
    boot("", "/tests/vdsotest", cpu="pentium3", qemu=["-M", machine]).expect(0, " 0 failed")


@pytest.mark.parametrize("cpu", ["pentium2", "EPYC", *(pytest.param(c, marks=few) for c in ("coreduo", "n270", "Nehalem", "Haswell", "athlon"))])
def test_other_processors(cpu):
    result = boot("", "/tests/vdsotest", cpu=cpu, qemu=["-accel", "tcg"])
    result.expect(0, " 0 failed")


@quick
@few
def test_same_run_twice_under_icount():
    first, second = (boot("norandmaps", "-c 'cat /proc/meminfo; dmesg'", icount=True) for _ in range(2))
    assert first.status == 0 and first == second


# ---- what a loader may get wrong ----

def mutated(data, at, value):
    copy = bytearray(data)
    struct.pack_into("<I", copy, at, value)
    return bytes(copy)


@pytest.mark.parametrize("name, content", [
    ("empty", b""), ("noise", b"\xa5" * 5000), ("truncated", None), ("header only", b"070701" + b"0" * 104),
    ("lying size", b"070701" + b"00000001" + b"000081a4" + b"0" * 32 + b"ffffffff" + b"0" * 32 + b"00000005" + b"0" * 8 + b"init\0\0\0\0"),
], ids=["empty", "noise", "truncated", "header only", "lying size"])
def test_bad_initrd(tmp_path, name, content):
    """No archive, or a broken one: one clear line, and a refusal or a panic for want of an init; never a crash or silence."""
    path = tmp_path / "initrd"
    path.write_bytes(INITRD.read_bytes()[:3000] if content is None else content)
    result = boot(initrd=path)
    assert result.status in (0, 101, 103), result
    assert re.search("(?i)initrd|initramfs|cpio|init", result.console), result
