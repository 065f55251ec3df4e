# SPDX-License-Identifier: MIT
"""What a loader sees of the linked image: multiboot headers, notes, segments. Every promise is checked by one function.

problems(bytes) lists what is wrong with an image, so that a test can also show that a damaged copy is found out.
"""
import io
import struct

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

LOAD_ADDRESS, LINK_ADDRESS = 0x00100000, 0xC0100000
IMAGE_LIMIT = 300 * 1024
XEN_ELFNOTE_PHYS32_ENTRY = 18
POSTERN_NOTE_LOG = 1


def elf_of(data):
    return ELFFile(io.BytesIO(data))


def segments(elf):
    return [s.header for s in elf.iter_segments() if s.header.p_type == "PT_LOAD"]


def notes(elf):
    """{(owner, type): descriptor} of every PT_NOTE, read by hand: tools that know no owner but GNU misread others."""
    found = {}
    for segment in elf.iter_segments():
        if segment.header.p_type != "PT_NOTE":
            continue
        data, at = segment.data(), 0
        while at + 12 <= len(data):
            namesz, descsz, kind = struct.unpack_from("<III", data, at)
            name = data[at + 12:at + 12 + namesz].rstrip(b"\0").decode("ascii", "replace")
            at += 12 + (namesz + 3 & ~3)
            found[name, kind] = data[at:at + descsz]
            at += descsz + 3 & ~3
    return found


def symbols(elf):
    """{name: (address, size)} of the symbol table."""
    return {s.name: (s["st_value"], s["st_size"]) for section in elf.iter_sections()
            if isinstance(section, SymbolTableSection) for s in section.iter_symbols() if s.name}


def find_header(data, magic, align, limit):
    """Offset of a loader's magic number where that loader looks for it, or -1."""
    for at in range(0, min(limit, len(data) - 16), align):
        if struct.unpack_from("<I", data, at)[0] == magic:
            return at
    return -1


def multiboot1(data):
    at = find_header(data, 0x1BADB002, 4, 8192)
    if at < 0:
        return ["multiboot 1: no header in the first 8 KiB"]
    magic, flags, checksum = struct.unpack_from("<III", data, at)
    wrong = []
    if (magic + flags + checksum) & 0xFFFFFFFF:
        wrong.append("multiboot 1: bad checksum")
    if flags & 0xFFFC & ~0x7:
        wrong.append(f"multiboot 1: flags {flags:#x} that loaders may refuse")
    if not flags & 2:
        wrong.append("multiboot 1: does not ask for the memory map")
    return wrong


def multiboot2(data):
    at = find_header(data, 0xE85250D6, 8, 32768)
    if at < 0:
        return ["multiboot 2: no header in the first 32 KiB"]
    magic, arch, length, checksum = struct.unpack_from("<IIII", data, at)
    wrong = []
    if (magic + arch + length + checksum) & 0xFFFFFFFF:
        wrong.append("multiboot 2: bad checksum")
    if arch:
        wrong.append("multiboot 2: not for i386")
    tag, end = at + 16, at + length
    while tag + 8 <= end:
        kind, _, size = struct.unpack_from("<HHI", data, tag)
        if kind == 0:
            return wrong if size == 8 else wrong + ["multiboot 2: bad end tag"]
        if size < 8:
            break
        tag += size + 7 & ~7
    return wrong + ["multiboot 2: tags do not end"]


def layout(elf):
    wrong, loads = [], segments(elf)
    if elf.header.e_machine != "EM_386" or elf.header.e_type != "ET_EXEC":
        wrong.append("not a 32-bit x86 executable")
    if not any(s.p_paddr <= elf.header.e_entry < s.p_paddr + s.p_filesz for s in loads):
        wrong.append(f"entry {elf.header.e_entry:#x} is not a physical address in the image")
    for s in loads:
        if s.p_paddr < LOAD_ADDRESS:
            wrong.append(f"segment at {s.p_paddr:#x}, below 1 MiB")
        if s.p_vaddr >= LINK_ADDRESS and s.p_vaddr - s.p_paddr != LINK_ADDRESS - LOAD_ADDRESS:
            wrong.append(f"segment at {s.p_vaddr:#x} loaded at {s.p_paddr:#x}")
    size = sum(s.p_filesz for s in loads)
    if size >= IMAGE_LIMIT:
        wrong.append(f"{size} bytes to load, limit {IMAGE_LIMIT}")
    return wrong


def note_problems(elf):
    found, loads, wrong = notes(elf), segments(elf), []
    for owner, kind, what in ("Xen", XEN_ELFNOTE_PHYS32_ENTRY, "PVH entry"), ("Postern", POSTERN_NOTE_LOG, "log"):
        desc = found.get((owner, kind))
        if desc is None or len(desc) < 4:
            wrong.append(f"no {what} note")
        elif not any(s.p_paddr <= struct.unpack("<I", desc[:4])[0] < s.p_paddr + s.p_memsz for s in loads):
            wrong.append(f"the {what} note points outside of the image")
    return wrong


def problems(data):
    """Everything that is wrong with an image; an empty list for a good one."""
    try:
        elf = elf_of(data)
        return multiboot1(data) + multiboot2(data) + layout(elf) + note_problems(elf)
    except Exception as error:                      # a mutated copy can break the reader anywhere
        return [f"unreadable: {error!r}"]


def loaded_bytes(data):
    return sum(s.p_filesz for s in segments(elf_of(data)))


def without_multiboot(data):
    """A copy that no multiboot loader recognises, so that QEMU takes the PVH door."""
    data = bytearray(data)
    for magic, align, limit in (0x1BADB002, 4, 8192), (0xE85250D6, 8, 32768):
        at = find_header(data, magic, align, limit)
        if at >= 0:
            data[at:at + 4] = bytes(4)
    return bytes(data)
