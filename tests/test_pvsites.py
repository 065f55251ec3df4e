# SPDX-License-Identifier: MIT
"""Patch sites: tools/pvsites against the memory of machines that have booted, the counts that the kernel tells, and what a hook may change.

The tool works out from the image alone what the patcher makes of each site; here each byte of it is compared with a dump.
"""
import json
import re
import shutil
import subprocess
from collections import Counter

import pytest

from machine import BUILD, INITRD, KERNEL, ROOT, boot, tool

TOOL = ROOT / "tools/pvsites"


def pvsites(*args, image=KERNEL):
    return subprocess.run([TOOL, image, *args], capture_output=True, text=True, check=False)


def table(*args):
    p = pvsites("--json", *args)
    assert p.returncode == 0, p.stderr
    return json.loads(p.stdout)


def booted(start, platform, cpu, options=""):
    """A machine at the shell's prompt, stopped."""
    if platform == "lguest":
        m = start("mem=64M", kernel=BUILD / "shim.elf", initrd=f"{KERNEL} {options},{INITRD}", mem=128, cpu=cpu)
    else:
        m = start(options, cpu=cpu)
    m.wait_for(r"poweroff to leave[\s\S]*[$#] ?\Z", timeout=60)
    m.hmp("stop")
    return m


def differences(sites, column):
    return [f"{s['address']} {s['op']} in {s['function']}: {s['memory']['bytes']} instead of {s[column]['bytes']}"
            for s in sites if s["memory"]["bytes"] != s[column]["bytes"]]


@pytest.mark.parametrize("platform, cpu, options, column", [
    ("native", "pentium3", "", "native"), ("native", "max", "", "native-smap"), ("lguest", "max", "", "lguest"),
    ("native", "max", "pv=nopatch", "before"),
    ("lguest", "max", "pv=nopatch", "before")])
def test_tool_says_what_is_in_memory(start, platform, cpu, options, column):
    m = booted(start, platform, cpu, options)
    m.memory()
    sites = table("--memory", m.folder / "memory")["sites"]
    assert len(sites) > 300
    wrong = differences(sites, column)
    assert not wrong, "\n".join(wrong[:8])
    assert differences(sites, "lguest" if column != "lguest" else "native"), "the columns differ"


@pytest.mark.parametrize("platform, column", [("native", "native-smap"), ("lguest", "lguest")])
def test_counts_of_the_kernel(platform, column):
    """At boot and in /proc/pv: as many sites of each operation and outcome as the tool finds."""
    console = boot("pv=sites", "-c 'cat /proc/pv'", on=platform, cpu="max").expect(0).console
    t = table("--platform", column)
    total = t["counts"][column]
    assert f"pv: {len(t['sites'])} patch sites: {total['inlined']} inlined, {total['direct']} direct, {total['nothing']} nothing" in console
    told = {op: tuple(map(int, n.split())) for op, n in re.findall(r"^([a-z]+\.\w+)((?: +\d+){4})$", console, re.M)}
    found = Counter((s["op"], s[column]["end"]) for s in t["sites"])
    logged = {op: tuple(map(int, n)) for op, *n in re.findall(
        r"^pv: \d+ ([a-z]+\.\w+): (\d+) inlined, (\d+) direct, (\d+) nothing, (\d+) through the table$", console, re.M)}
    assert logged == told
    assert told == {op: (*(found[op, end] for end in ("inlined", "direct", "nothing")), 0) for op in {s["op"] for s in t["sites"]}}


@pytest.mark.quick
def test_every_site_has_a_place():
    sites = table()["sites"]
    nowhere = [s for s in sites if not (ROOT / s["file"]).is_file() or not s["line"] or "?" in s["function"] + s["symbol"]]
    assert not nowhere, nowhere[:3]
    # In assembly the line is that of the macro; in C a wrapper's or a lock's name.
    for s in (s for s in sites if s["file"].endswith(".asm")):
        line = (ROOT / s["file"]).read_text().splitlines()[s["line"] - 1]
        assert re.search(r"PV_(CALL|JUMP)\s+" + s["op"].replace(".", r",\s*") + r"\b", line), (s, line)
    assert {"cpu.iret", "cpu.iret_user", "cpu.sysexit", "irq.disable", "irq.enable", "cpu.read_cr2"} <= {s["op"] for s in sites if s["file"].endswith("entry.asm")}


@pytest.mark.quick
def test_no_hook_is_called_past_its_site():
    """Nothing in the linked kernel calls or jumps through the table but at a site."""
    sites = {int(s["address"], 16): s["length"] for s in table()["sites"]}
    inside = {a for start, n in sites.items() for a in range(start, start + n)}
    low, size = re.search(r"^([0-9a-f]+) ([0-9a-f]+) \w pv_ops$", subprocess.check_output(["nm", "-S", KERNEL], text=True), re.M).groups()
    low, size = int(low, 16), int(size, 16)
    found = []
    for at, target in re.findall(r"^ *([0-9a-f]+):\t.*(?:call|jmp) +DWORD PTR [a-z]+:0x([0-9a-f]+)",
                                 subprocess.check_output(["objdump", "-D", "-j", ".text", "-M", "intel", "--no-show-raw-insn", KERNEL], text=True), re.M):
        if low <= int(target, 16) < low + size:
            found.append(int(at, 16))
    assert len(found) == len(sites)
    assert not [hex(a) for a in found if a not in inside]


@pytest.mark.quick
def test_padding_executes_nothing():
    """Prefixes belong to an instruction; natively an inlined site has the snippet's instructions, an empty one a single no-op."""
    instructions = {"irq.save": 2, "irq.restore": 2, "irq.disable": 1, "irq.enable": 1, "mmu.activate": 3, "mmu.flush_tlb_user": 2,
                    "mmu.flush_tlb_one": 1, "mmu.flush_tlb_kernel": 5, "mmu.set_pte": 2, "mmu.set_pmd": 2, "cpu.iret": 1, "cpu.iret_user": 1, "cpu.sysexit": 2}
    sites = table("--platform", "native-smap")["sites"]
    for s in sites:
        end, code = s["native-smap"]["end"], s["native-smap"]["code"]
        assert not [c for c in code if re.fullmatch(r"(ds(\*\d+)? *)+", c)], s
        if s["op"] in instructions:
            assert end == "inlined" and len(code) == instructions[s["op"]], s
        elif end == "nothing":
            assert len(code) == 1 and code[0].endswith("nop"), s
    assert set(instructions) <= {s["op"] for s in sites}


# ---- what a hook may change ----

CONTRACT = {**{f"irq.{x}": {"eax"} for x in ("save", "restore", "disable", "enable")},
            **{f"mmu.{x}_{y}": {"eax", "edx"} for x, y in [("make", "pte"), ("make", "pmd"), ("make", "pgd")]},
            **{f"mmu.{x}_val": {"eax", "edx"} for x in ("pte", "pmd", "pgd")},
            "cpu.user_access_begin": set(), "cpu.user_access_end": set(), "cpu.hypercall": set()}
FULL = {"al": "eax", "ah": "eax", "ax": "eax", "bl": "ebx", "bh": "ebx", "bx": "ebx", "cl": "ecx", "ch": "ecx", "cx": "ecx",
        "dl": "edx", "dh": "edx", "dx": "edx", "si": "esi", "di": "edi", "bp": "ebp"}
WRITES_NONE = {"call", "cmp", "test", "push", "pushf", "popf", "cli", "sti", "nop", "stac", "clac", "ret", "int", "hlt", "jmp"}
WRITES_FIRST = {"mov", "movzx", "lea", "add", "sub", "and", "or", "xor", "inc", "dec", "pop", "shl", "shr", "bt"}


def disassembly(image):
    """{address: (instruction, address of the next)}."""
    text = subprocess.check_output(["objdump", "-D", "-j", ".text", "-M", "intel", "--no-show-raw-insn", image], text=True)
    code = [(int(a, 16), i.strip()) for a, i in re.findall(r"^ *([0-9a-f]+):\t(.*)$", text, re.M)]
    return {a: (i, code[k + 1][0] if k + 1 < len(code) else None) for k, (a, i) in enumerate(code)}


def written(code, start, hypercall=None):
    """Registers that code from `start` to its ret may write, and its mnemonics; an instruction that isn't known fails, and a call but for hypercalls."""
    registers, mnemonics, seen, todo = set(), set(), set(), [start]
    while todo:
        at = todo.pop()
        while at not in seen:
            seen.add(at)
            text, after = code[at]
            name, operands = re.fullmatch(r"(?:ds )*(\S+) *([^<#]*).*", text).groups()
            mnemonics.add(name)
            assert name != "call" or operands.endswith(f"ds:{hypercall:#x}"), f"{at:#x}: {text}"
            if name in WRITES_FIRST:
                first = operands.split(",")[0].strip()
                registers |= set() if "[" in first or "ds:" in first else {FULL.get(first, first)}
            elif name[0] == "j" and name != "jmp":
                todo.append(int(operands.strip(), 16))
            else:
                assert name in WRITES_NONE, f"{at:#x}: {text}: not known"
            if name == "ret":
                break
            at = int(operands.strip(), 16) if name == "jmp" else after
    return registers, mnemonics


@pytest.mark.quick
def test_hooks_keep_to_their_contract():
    """The functions behind the hooks whose callers rely on more than the convention of C, on each platform."""
    image, code = tool("pvsites").Image(str(KERNEL)), disassembly(KERNEL)
    checked = 0
    for name in table()["counts"]:
        hooks = tool("pvsites").Platform(image, name).hooks
        for op, may in CONTRACT.items():
            registers, mnemonics = written(code, hooks[op], image.symbols["pv_ops"][0] + 4 * image.ops.index("cpu.hypercall"))
            assert registers <= may, (name, op, registers)
            if not may:
                assert mnemonics <= {"stac", "clac", "int", "ret"}, (name, op, "the flags, too")
            checked += 1
    assert checked == 3 * len(CONTRACT)


@pytest.mark.parametrize("source, found", [("mov %ecx, %eax; ret", {"eax"}), ("incl 4; jz 1f; ret; 1: pop %ebx; ret", {"ebx"}),
                                           ("jmp 2f; 1: ret; 2: movb $1, %ch; jmp 1b", {"ecx"}), ("mov %eax, (%ebx); ret", set())])
def test_a_broken_contract_would_be_found(tmp_path, source, found):
    (tmp_path / "x.s").write_text(source + "\n")
    subprocess.run(["gcc", "-m32", "-c", tmp_path / "x.s", "-o", tmp_path / "x.o"], check=True)
    assert written(disassembly(tmp_path / "x.o"), 0)[0] == found


# ---- the other forms, and bad input ----

def test_page_needs_nothing_but_itself():
    page = pvsites("--html").stdout
    assert not re.search(r"https?:|\b(src|href)=|@import|url\(|fetch\(", page)
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])
    assert data["sites"] == table()["sites"] and "native-smap" in data["columns"]


def test_page_filters(tmp_path):
    """In a browser: the words behind # are typed into the filter."""
    browser = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if not browser:
        pytest.skip("no Chromium is installed")
    (tmp_path / "page.html").write_text(pvsites("--html").stdout)
    dom = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", f"file://{tmp_path}/page.html#cpu.iret_user entry.asm"],
                         capture_output=True, text=True, timeout=60, check=True).stdout
    assert f"1 of {len(table()['sites'])} sites" in dom and dom.count("<tr>") == 1 and "iret_site" in dom


def test_text_form_and_choice():
    p = pvsites("--platform", "lguest", "--op", "irq.")
    assert "ds call lguest_irq_restore" in p.stdout and "native" not in p.stdout and "mmu." not in p.stdout


@pytest.mark.parametrize("args, said", [(["--platform", "vms"], "no platform vms"), (["--memory", "/dev/null"], "does not hold this kernel")])
def test_bad_input(args, said):
    p = pvsites(*args)
    assert p.returncode == 1 and said in p.stderr and p.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["shim.elf", "initrd.cpio"])
def test_other_files_are_refused(name):
    p = pvsites(image=BUILD / name)
    assert p.returncode == 1 and p.stderr.startswith("tools/pvsites: ") and p.stderr.count("\n") == 1


def test_a_wrong_byte_would_be_found(start):
    m = booted(start, "native", "max")
    memory = bytearray(m.memory())
    sites = table("--platform", "native")["sites"]
    at = int(sites[7]["address"], 16) - 0xC0000000
    memory[at] ^= 1
    (m.folder / "memory").write_bytes(memory)
    assert len(differences(table("--memory", m.folder / "memory", "--platform", "native-smap")["sites"], "native-smap")) == 1
