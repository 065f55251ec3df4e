# SPDX-License-Identifier: MIT
"""What the hooks cost (tools/pvcost): on the bare machine nothing, counted instruction by instruction against an image without hooks.

A counter that counts wrongly is shown on made-up traces.
"""
import json
import os
import re
import subprocess

import pytest

from machine import BUILD, ROOT, tool

FREE = ("irq.save", "irq.disable", "irq.restore", "irq.enable", "mmu.activate", "mmu.flush_tlb_user", "mmu.flush_tlb_one", "mmu.flush_tlb_kernel",
        "mmu.set_pte", "mmu.set_pmd", "cpu.iret_user", "cpu.sysexit", "cpu.read_cr2")
# Words that only another platform needs: the address space that is left, whose entry it is and for which address.
MORE_ARGUMENTS = {"mmu.activate": 1, "mmu.set_pte": 2, "mmu.set_pmd": 2}


def hooks_cost_nothing_on_the_bare_machine(cost):
    """No instruction more at the site, for each hook that an ordinary kernel has as an instruction; through the table it is otherwise."""
    for op in FREE:
        one = cost["ops"][op]
        assert one["times"] > 0, f"{op} was never executed"
        assert one["patched"] == one["out"] < one["nopatch"], (op, one)


def hooks_without_a_meaning_cost_one_no_op(cost):
    assert tool("pvcost").NOTHING
    for op in tool("pvcost").NOTHING:
        assert cost["ops"][op]["times"] > 0 and cost["ops"][op]["patched"] == 1 and cost["ops"][op]["nopatch"] == 2, op


def arguments_are_at_their_minimum(cost):
    probed = {op: one for op, one in cost["ops"].items() if one["arguments"] is not None}
    assert len(probed) >= 11
    assert {op: one["arguments"] - one["arguments out"] for op, one in probed.items()} == {op: MORE_ARGUMENTS.get(op, 0) for op in probed}


def operations_cost_little_more(cost):
    """Per operation 3% at most, or 2 instructions. Rows 11 and 12 depend on how many frames there are to recycle: of them the whole run tells,
    in which clearing a frame is one instruction."""
    for row, r in cost["rows"].items():
        if row not in ("11", "12", "13"):
            assert r["patched"] - r["out"] <= max(2, 0.03 * r["out"]), (row, r)
            assert r["patched"] <= r["nopatch"], (row, r)
    run = cost["run"]
    assert run["patched"]["all"] - run["out"]["all"] < 0.04 * run["out"]["all"]
    assert run["nopatch"]["all"] - run["out"]["all"] > 2 * (run["patched"]["all"] - run["out"]["all"])


def book_has_these_numbers(cost):
    """The table in docs/patching.adoc."""
    text = (ROOT / "docs/patching.adoc").read_text()
    told = {op: list(map(int, cells.split("|"))) for op, cells in re.findall(r"^\| `(\w+\.\w+)` \| ([\d |]+)$", text, re.M)}
    keys = ("out", "patched", "nopatch", "arguments out", "arguments")
    probed = {op: [one[k] for k in keys] for op, one in cost["ops"].items() if one["arguments"] is not None}
    assert told == probed


def measuring_image_has_no_hooks(_):
    image = f"{BUILD}/nohooks/postern.elf"
    low, size = (int(x, 16) for x in re.search(r"^([0-9a-f]+) ([0-9a-f]+) \w pv_ops$", subprocess.check_output(["nm", "-S", image], text=True), re.M).groups())
    calls = re.findall(r"(?:call|jmp) +DWORD PTR [a-z]+:0x([0-9a-f]+)",
                       subprocess.check_output(["objdump", "-D", "-j", ".text", "-M", "intel", image], text=True))
    assert not [a for a in calls if low <= int(a, 16) < low + size]


@pytest.mark.early
def test_costs():
    """One measurement, so one test; what is wrong is said all at once."""
    p = subprocess.run([ROOT / "tools/pvcost", "--json"], capture_output=True, text=True, env={**os.environ, "B": str(BUILD)}, check=False)
    assert p.returncode == 0, p.stderr
    cost, wrong = json.loads(p.stdout), []
    for check in (hooks_cost_nothing_on_the_bare_machine, hooks_without_a_meaning_cost_one_no_op, arguments_are_at_their_minimum,
                  operations_cost_little_more, book_has_these_numbers, measuring_image_has_no_hooks):
        try:
            check(cost)
        except AssertionError as e:
            wrong.append(f"{check.__name__}: {e}")
    assert not wrong, "\n".join(wrong)


BEGIN, SITE, HOOK = 0xC0100000, 0xC0101000, 0xC0102000


@pytest.mark.quick
@pytest.mark.parametrize("addresses, own, everything", [
    ([SITE, SITE + 6], 1, 1),                                               # inlined
    ([SITE, SITE + 2, SITE + 6], 2, 2),                                     # two instructions
    ([SITE, HOOK, HOOK + 1, SITE + 6], 3, 3),                               # a call
    ([SITE, HOOK, 0x1000, 0x1004, HOOK + 1, SITE + 6], 3, 5),               # that asks the hypervisor
    ([SITE, HOOK, SITE + 0x100, HOOK, SITE + 0x106, HOOK + 1, SITE + 6], 6, 6)])    # in which another site is passed
def test_the_counter(addresses, own, everything):
    sites = [(SITE, "outer", 6), (SITE + 0x100, "inner", 6)]
    c = tool("pvcost").Count(sites, BEGIN, {}).run([SITE, SITE + 6, BEGIN, *addresses])
    assert (c.usual("outer"), c.usual_with_host("outer"), c.times("outer")) == (own, everything, 1)
    assert c.usual("inner") == (2 if c.times("inner") else None)


@pytest.mark.quick
def test_the_counter_follows_jumps():
    c = tool("pvcost").Count([(SITE, "cpu.iret", 7)], BEGIN, {"cpu.iret": range(HOOK, HOOK + 1)})
    assert c.run([BEGIN, SITE, HOOK, BEGIN, SITE, HOOK, BEGIN]).own["cpu.iret"] == {2: 2}
