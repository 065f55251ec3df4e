# SPDX-License-Identifier: MIT
"""Claims about memory, checked from outside: the page tables and memory are read through QEMU, not told by the kernel.

W^X, who may see what, no writable alias of what is executed, the patched call sites, the log at its address, and the frames of
the VDSO. Shown to be able to fail on tables made by hand.
"""
import re
import struct

import pytest

import image
from elsewhere import expected
from machine import BUILD, INITRD, KERNEL, KERNEL_BASE, Mapping, boot, walk

ELF = image.elf_of(KERNEL.read_bytes())
CPUS = ["pentium3", "max"]
pytestmark = pytest.mark.platforms("native", "lguest")


def frames(mapping):
    return range(mapping.pa >> 12, (mapping.pa + mapping.size) >> 12)


def text_range():
    """Virtual addresses of the kernel's code, from the section table."""
    text = [s for s in ELF.iter_sections() if s["sh_flags"] & 6 == 6 and s["sh_addr"] >= KERNEL_BASE]
    return min(s["sh_addr"] for s in text), max(s["sh_addr"] + s["sh_size"] for s in text)


def writable_and_executable(mappings):
    return [m for m in mappings if m.writable and m.executable]


def writable_aliases(mappings, of):
    """Writable mappings of any frame that the mappings `of` execute from."""
    executed = {f for m in of for f in frames(m)}
    return [m for m in mappings if m.writable and any(f in executed for f in frames(m))]


def user_in_kernel_space(mappings):
    return [m for m in mappings if m.user and m.va >= KERNEL_BASE]


def show(mappings):
    return "\n".join(f"{m.va:#010x} -> {m.pa:#x} +{m.size:#x} {'w' if m.writable else '-'}{'x' if m.executable else '-'}"
                     f"{'u' if m.user else '-'}" for m in mappings)


def at_shell(start, options="", **kwargs):
    m = start(options, **kwargs)
    m.wait_for(r"poweroff to leave[\s\S]*[$#] ?\Z")
    return m


@pytest.mark.quick
@pytest.mark.parametrize("mode", ["on", "compat", "off"])
def test_w_xor_x(start, mode):
    mappings = at_shell(start, f"vdso={mode}").mappings()
    assert len(mappings) > 20
    assert not writable_and_executable(mappings), show(writable_and_executable(mappings))
    low, high = text_range()
    kernel = [m for m in mappings if m.executable and m.va >= KERNEL_BASE]
    assert any(m.va <= low < m.va + m.size for m in kernel)
    extra = [m for m in kernel if not m.user and not (m.va + m.size > low and m.va < high + 0x200000)]
    assert not extra, "executable beside the text:\n" + show(extra)
    assert not writable_aliases(mappings, kernel), show(writable_aliases(mappings, kernel))


@pytest.mark.quick
def test_text_is_read_only_without_nx(start):
    mappings = at_shell(start, cpu="pentium3").mappings()
    low, high = text_range()
    text = [m for m in mappings if m.va < high and m.va + m.size > low]
    assert sum(min(m.va + m.size, high) - max(m.va, low) for m in text) == high - low, "all of the text is mapped"
    assert not [m for m in text if m.writable], show(text)
    code = {f for f in range(low - KERNEL_BASE >> 12, high - KERNEL_BASE + 0xFFF >> 12)}
    aliases = [m for m in mappings if m.writable and any(f in code for f in frames(m))]
    assert not aliases, show(aliases)


@pytest.mark.parametrize("cpu", ["pentium3", pytest.param("max", marks=pytest.mark.long_on("lguest"))])
@pytest.mark.parametrize("mode, reserve", [("on", 0), ("off", 0), ("compat", 0), ("compat", 4 << 20), ("compat", 168 << 20)])
def test_what_user_mode_sees_of_kernel_space(start, platform, cpu, mode, reserve):
    """Nothing; in compat mode the page of the gate and its data page, neither of them writable."""
    options, shim = f"vdso={mode}", ""
    reserve = reserve or expected("least reserved top", 0)
    if reserve and platform == "native":
        options += f" reservetop={reserve >> 10}K"
    elif reserve:
        shim = f"reserve={reserve >> 10}K"
    machine = at_shell(start, options, cpu=cpu, shim=shim)
    mappings = machine.mappings()
    seen = user_in_kernel_space(mappings)
    page = 0x100000000 - reserve - 0x2000
    allowed = [page - 0x1000, page] if mode == "compat" else []
    assert {m.va for m in seen} <= set(allowed) and not [m for m in seen if m.writable], show(seen)
    if platform == "lguest":
        assert {m.va for m in user_in_kernel_space(machine.shadow_mappings())} <= set(allowed), "in what the processor walks, too"
    assert mode != "compat" or page in {m.va for m in seen}
    if reserve:
        assert not [m for m in mappings if m.va + m.size > 0x100000000 - reserve], "nothing in the hypervisor's range"
    if mode == "on":
        return
    if mode == "compat":
        gate = [m for m in seen if m.va == page]
        assert not writable_aliases(mappings, gate), "the page of the gate has no writable alias"


def test_null_page_is_not_mapped(start):
    assert not [m for m in at_shell(start).mappings() if m.va < 0x1000]


@pytest.mark.parametrize("cpu", CPUS)
def test_control_registers(start, cpu):
    m = at_shell(start, cpu=cpu)
    m.hmp("stop")
    cr0, cr4, efer = m.register("CR0"), m.register("CR4"), m.register("EFER")
    assert cr0 & 0x80010001 == 0x80010001, "PG, WP, PE"
    assert cr4 & 0x30 == 0x30, "PAE and, always with it, PSE"
    if cpu == "max":
        assert efer & 0x800, "NXE"
        for bit, name in expected("protection bits of CR4", ((20, "SMEP"), (21, "SMAP"), (11, "UMIP"))):
            assert cr4 & 1 << bit, name


@pytest.mark.quick
def test_log_at_its_physical_address(start):
    """The ELF note tells where the log is: readable when nothing else works."""
    address = struct.unpack("<I", image.notes(ELF)["Postern", image.POSTERN_NOTE_LOG][:4])[0]
    m = at_shell(start)
    m.hmp("stop")
    magic, size, head, progress = struct.unpack("<4sIII", m.memory(address, 16))
    assert (magic, size) == (b"PLOG", 65536) and 0 < head < size and progress
    text = m.memory(address + 16, size)[:head].decode()
    first = text.splitlines()[0]
    assert first in m.console and "patch" in text.lower(), text


def test_log_after_a_silent_death(start):
    """A machine that stopped: the log is still there, with the last line of the panic."""
    address = struct.unpack("<I", image.notes(ELF)["Postern", image.POSTERN_NOTE_LOG][:4])[0]
    m = start("", "/bin/sleep 1000")
    m.wait_for("patch")
    m.hmp("stop")
    assert m.memory(address, 4) == b"PLOG"


def sites(memory):
    """(address, length) of each patch site, from the table in the machine's memory."""
    section = ELF.get_section_by_name(".pv_sites")
    names = image.symbols(ELF)
    if section:
        start, size = section["sh_addr"], section["sh_size"]
    else:
        start = next(names[n][0] for n in ("__pv_sites_start", "__start_pv_sites", "pv_sites") if n in names)
        size = next(names[n][0] for n in ("__pv_sites_end", "__stop_pv_sites", "pv_sites_end") if n in names) - start
    for at in range(start, start + size, 8):
        address, _, length, kind = struct.unpack_from("<IHBB", memory, at - KERNEL_BASE)
        yield address, length, kind


@pytest.mark.quick
@pytest.mark.parametrize("option, patched", [("", True), ("pv=nopatch", False)])
def test_patch_sites(start, option, patched):
    """After boot no site still calls through the table; with pv=nopatch all do."""
    m = at_shell(start, option)
    m.hmp("stop")
    memory = m.memory()
    found = list(sites(memory))
    assert len(found) > 50
    # The site's first instruction, behind the two pushes of an entry's halves and prefixes: a relative distance may hold any bytes.
    indirect = re.compile(rb"(\x56\x53)?[\x2e\x36\x3e]*\xff[\x10-\x17\x20-\x27\xd0-\xd7\xe0-\xe7]")
    through_table = [a for a, n, _ in found if indirect.match(memory[a - KERNEL_BASE:a - KERNEL_BASE + n])]
    assert len(through_table) == (0 if patched else len(found)), [hex(a) for a in through_table][:8]


def test_patched_text_differs_only_at_the_sites(start):
    m = at_shell(start)
    m.hmp("stop")
    memory = m.memory()
    allowed = {b for a, n, _ in sites(memory) for b in range(a, a + n)}
    low, high = text_range()
    for s in ELF.iter_sections():
        if s["sh_flags"] & 4 and s["sh_addr"] >= low and s["sh_type"] == "SHT_PROGBITS":
            data, at = s.data(), s["sh_addr"]
            now = memory[at - KERNEL_BASE:at - KERNEL_BASE + len(data)]
            other = [hex(at + i) for i in range(len(data)) if data[i] != now[i] and at + i not in allowed]
            assert not other, f"{s.name}: {other[:10]}"


# ---- the shim's own tables, and those that it makes for guests ----

SWITCHER = 0xFFFDF000       # text, registers, state


@pytest.mark.platforms("lguest")
@pytest.mark.parametrize("cpu", CPUS)
def test_the_shim_and_its_shadows(start, cpu):
    """Its code is read-only, and with NX nothing else is executable; guests are shown their own memory, and of the shim the switcher's pages only."""
    shim = image.symbols(image.elf_of((BUILD / "shim.elf").read_bytes()))
    m = at_shell(start, cpu=cpu, mem=32)
    for _ in range(100):            # idle: it waits in its own tables
        m.hmp("stop")
        if m.register("CR3") == shim["pdpt"][0]:
            break
        m.hmp("cont")
    own = m.real_mappings()
    code = [x for x in own if shim["__text_start"][0] <= x.va < shim["__text_end"][0] or x.va == SWITCHER]
    assert len(code) >= 5 and not [x for x in code if x.writable or not x.executable], show(code)
    assert not writable_aliases(own, code), show(writable_aliases(own, code))
    assert not [x for x in own if x.user or x.va in (0, shim["own_stack_guard"][0])]
    assert cpu == "pentium3" or [x for x in own if x.executable] == code, show([x for x in own if x.executable])

    low, high = m.guest_range()
    shadow = m.shadow_mappings()
    top, rest = [x for x in shadow if x.va >= SWITCHER], [x for x in shadow if x.va < SWITCHER]
    assert len(rest) > 20 and all(low <= x.pa and x.pa + x.size <= high for x in rest), show(rest)
    assert [(x.va, x.writable, x.user) for x in top] == [(SWITCHER, False, False), (SWITCHER + 0x1000, True, False), (SWITCHER + 0x2000, False, False)]
    assert top[0].pa == shim["__switcher_load"][0], show(top)


@pytest.mark.quick
@pytest.mark.platforms("native")
def test_the_checks_can_fail():
    """Tables made by hand, each with one fault."""
    def table(*entries):
        return struct.pack("<512Q", *entries, *[0] * (512 - len(entries)))
    nx = 1 << 63
    memory = struct.pack("<4Q", 0x1001, 0, 0, 0x1001).ljust(0x1000, b"\0") + table(0x2007) + table(
        0x3003 | nx, 0x3001, 0x4003, 0x5007 | nx)
    found = walk(memory, 0, True)
    assert len(found) == 8
    kernel = [m for m in found if m.va >= KERNEL_BASE]
    assert [m.pa for m in writable_and_executable(kernel)] == [0x4000]
    text = [m for m in kernel if m.executable and not m.writable]
    assert [m.va - KERNEL_BASE for m in writable_aliases(kernel, text)] == [0]
    assert [m.pa for m in user_in_kernel_space(found)] == [0x5000]
    assert all(m.executable for m in walk(memory, 0, False))
    assert walk(struct.pack("<4Q", 0x1001, 0, 0, 0).ljust(0x1000, b"\0") + table(0x2000 | 0x83), 0, False) == [
        Mapping(0, 0, 0x200000, True, False, True)]


@pytest.mark.parametrize("cpu", CPUS)
def test_self_test(cpu):
    """selftest=pv says what it is trying before each step; every step must have its ok."""
    text = boot("selftest=pv", "/tests/exitcode 0", cpu=cpu).expect(0, "^trying").console
    tried = re.findall(r"^trying (.*)$", text, re.M)
    assert len(tried) >= 5 and not re.search(r"\b(FAIL|failed|expected)\b", re.sub(r"\b0 failed", "", text)), text


@pytest.mark.quick
def test_self_test_needs_no_initrd():
    boot("selftest=pv", initrd="none").expect(0, "^trying")


def test_null_op_is_named_at_boot(tmp_path, platform):
    """An image whose table lacks an operation says which, before anything runs through it."""
    data = bytearray(KERNEL.read_bytes())
    names = image.symbols(ELF)
    tables = {n: a for n, a in names.items() if re.fullmatch(rf"{platform}_(time|mmu|cpu)(_ops)?", n) and a[1]}
    assert tables, "the backend's tables have names"
    name, (address, size) = sorted(tables.items())[0]
    section = next(s for s in ELF.iter_sections() if s["sh_addr"] <= address < s["sh_addr"] + s["sh_size"])
    at = section["sh_offset"] + address - section["sh_addr"] + size - 4
    data[at:at + 4] = bytes(4)
    (tmp_path / "null.elf").write_bytes(data)
    result = boot(kernel=tmp_path / "null.elf", initrd=INITRD)
    assert result.status == 101 and re.search(r"(?i)(cpu|mmu|time)\.\w+", result.console), (name, result)


@pytest.mark.quick
def test_vga_screen_shows_the_console(start):
    """What --gui shows: log and shell are in the text screen's memory, and keys of the PS/2 keyboard reach the shell."""
    m = at_shell(start)

    def screen():
        text = m.memory(0xB8000, 80 * 25 * 2)[::2].decode("latin-1")
        return "\n".join(text[i:i + 80].rstrip() for i in range(0, 2000, 80))
    assert " on i686." in screen() and "patch sites" in screen(), screen()
    for key in ["e", "c", "h", "o", "spc", "k", "e", "y", "ret"]:
        m.hmp(f"sendkey {key}")
    m.wait_for(r"^key$")
    assert "\nkey\n" in screen()
