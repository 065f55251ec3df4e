# SPDX-License-Identifier: MIT
"""Unwinding from every instruction of the gate's page, as it stands in a running machine's memory.

The page is dumped from outside. A small model of the stack walks each function instruction by instruction, along every branch, and knows at each
address how far esp is from the caller's frame and where each register of the caller lies; the page's call-frame table must say the same. The
two signal trampolines are checked against the layout of the frames (abi/signal.h).
"""
import re
import subprocess

import pytest

from machine import Machine

KEPT = ("ebx", "ebp", "esi", "edi")
SIGCONTEXT = {"edi": 16, "esi": 20, "ebp": 24, "esp": 28, "ebx": 32, "edx": 36, "ecx": 40, "eax": 44, "eip": 56}


@pytest.fixture(scope="module", params=["sysenter", "int80"])
def page(request, tmp_path_factory):
    """The file of the dumped page, in compat mode, where its addresses are absolute."""
    folder = tmp_path_factory.mktemp("page")
    m = Machine(folder / "machine", f"vdso=compat vdso_entry={request.param}", "/bin/sleep 1000")
    try:
        m.wait_for("cycles from the door")
        gate = next(x for x in m.mappings() if x.va == 0xFFFFE000)
        (folder / "page.so").write_bytes(m.memory(gate.pa, 4096))
    finally:
        m.end()
    return folder / "page.so"


def table(path):
    """{address: {column: rule}} of every row of the call-frame table, one row for each address of a function."""
    text = subprocess.run(["readelf", "--debug-dump=frames-interp", path], capture_output=True, text=True, check=True).stdout
    rows, initial, at, columns, end = {}, {}, None, [], 0
    for line in text.splitlines():
        if fde := re.search(r"FDE .*pc=([0-9a-f]+)\.\.([0-9a-f]+)", line):
            at, end = int(fde[1], 16), int(fde[2], 16)
            rows.update({a: initial for a in range(at, end)})
        elif "CIE" in line:
            at, end = 0, 0
        elif "LOC" in line:
            columns = line.split()[1:]
        elif at is not None and (row := re.match(r"([0-9a-f]{8}) (.*)", line)):
            rule = dict(zip(columns, row[2].split()))
            initial = rule if at == 0 else initial
            rows.update({a: rule for a in range(int(row[1], 16), end)})
        elif not line.strip():
            at = None
    return rows


def functions(path):
    """{start: {address: (text, next address)}} of the page's code, split where a call-frame entry starts."""
    listing = subprocess.run(["objdump", "-d", path], capture_output=True, text=True, check=True).stdout
    found = [(int(a, 16), len(b.split()), t.strip()) for a, b, t in
             re.findall(r"^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t?(.*)$", listing, re.M)]
    code = {a: (t, a + n) for a, n, t in found}
    assert len(code) > 60
    return code


def starts(path):
    text = subprocess.run(["readelf", "--debug-dump=frames", path], capture_output=True, text=True, check=True).stdout
    cies = {c: a for c, a in re.findall(r"^([0-9a-f]{8}) \S+ \S+ CIE\n.*?Augmentation: +\"(\w+)\"", text, re.M | re.S)}
    return [(int(pc, 16), "S" in cies[cie]) for cie, pc in re.findall(r"FDE cie=([0-9a-f]{8}) pc=([0-9a-f]+)", text)]


def step(text, depth, saved, changed):
    """The state after one instruction: how far esp is below the caller's frame, what is saved where, what has another value."""
    saved, changed = dict(saved), set(changed)
    op, _, operands = text.partition(" ")
    operands = operands.split("<")[0].strip()
    register = operands[1:] if re.fullmatch(r"%e\w\w", operands) else None
    if op == "push":
        depth += 4
        if register and register not in changed and register not in saved:
            saved[register] = depth
    elif op == "pop":
        if saved.get(register) == depth:
            del saved[register]
            changed.discard(register)
        else:
            changed.add(register)
        depth -= 4
    elif op == "call":
        depth += 4
    else:
        target = operands.split(",")[-1].strip()
        if target.startswith("%") and op not in ("cmp", "test", "cmpl", "testl"):
            changed.add(target[1:])
    return depth, saved, changed


def check_row(address, rule, depth, saved, changed):
    """What the table says at one address against the model; the list of differences."""
    wrong = []
    cfa = rule["CFA"]
    if cfa != f"esp+{depth}":
        wrong.append(f"{address:#x}: CFA {cfa}, expected esp+{depth}")
    if rule["ra"] != "c-4":
        wrong.append(f"{address:#x}: return address {rule['ra']}")
    for register in KEPT:
        said = rule.get(register, "u")
        if register in saved and (register in changed or said != "u") and said != f"c-{saved[register]}":
            wrong.append(f"{address:#x}: {register} {said}, expected c-{saved[register]}")
        if register not in saved and said != "u":
            wrong.append(f"{address:#x}: {register} {said}, but it is not saved")
        if register not in saved and register in changed:
            wrong.append(f"{address:#x}: {register} is lost")
    return wrong


def walk_function(start, code, rows):
    """Every reachable instruction with every state; returns (number of instructions, differences)."""
    todo, seen, wrong = [(start, 4, {}, frozenset())], set(), []
    while todo:
        address, depth, saved, changed = todo.pop()
        if address in seen:
            continue
        seen.add(address)
        text, after = code[address]
        wrong += check_row(address, rows[address], depth, saved, changed) if address in rows else [f"{address:#x}: no entry"]
        op = text.split()[0]
        if op == "ret":
            if depth != 4:
                wrong.append(f"{address:#x}: ret with the stack {depth - 4} bytes deep")
            continue
        state = step(text, depth, saved, changed)
        target = re.match(r"(j\w+) +(?:0x)?([0-9a-f]+)", text)
        if target:
            todo.append((int(target[2], 16), *state))
        call = re.match(r"call +(?:0x)?([0-9a-f]+)", text)
        if call and int(call[1], 16) != after:
            state = (depth, saved, changed | {"eax", "ecx", "edx"})
        if op != "jmp":
            todo.append((after, *state))
    return seen, wrong


def test_every_instruction(page):
    code, rows, walked = functions(page), table(page), set()
    for start, signal in starts(page):
        if not signal:
            seen, wrong = walk_function(start, code, rows)
            assert not wrong, "\n".join(wrong)
            walked |= seen
    print(f"{len(walked)} instructions")
    assert len(walked) > 60


def test_signal_trampolines(page):
    """The rules find the interrupted registers in the frame that a handler returned over."""
    text = subprocess.run(["readelf", "--debug-dump=frames", page], capture_output=True, text=True, check=True).stdout
    blocks = re.findall(r"FDE cie=\S+ pc=([0-9a-f]+)\.\.[0-9a-f]+\n(.*?)(?:\n\n|\Z)", text, re.S)
    trampolines = [b for pc, b in blocks if "def_cfa_expression" in b]
    assert len(trampolines) == 2
    # From esp at the trampoline's start (the return address is popped) to struct sigcontext: sig; or sig, two pointers, siginfo, head of ucontext.
    for block, base in zip(trampolines, (4, 12 + 128 + 20)):
        rules = re.findall(r"(def_cfa_expression|DW_CFA_expression: r\d+ \((\w+)\)) \(DW_OP_breg4 \(esp\): (\d+)", block)
        assert len(rules) >= 9
        for n, (_, register, offset) in enumerate(rules):
            popped = 4 * (n // 9)               # the second set of rules of the classic trampoline: sig is popped
            assert int(offset) == base - popped + SIGCONTEXT[register or "esp"], (register, offset)


def test_the_model_can_fail(page):
    """One wrong row is noticed."""
    code, rows = functions(page), table(page)
    start = next(s for s, signal in starts(page) if not signal and len(walk_function(s, code, rows)[0]) > 4)
    second = code[start][1]
    rows[second] = {**rows[second], "CFA": "esp+64"}
    assert walk_function(start, code, rows)[1]
