# SPDX-License-Identifier: MIT
"""The ladder of guests/: it passes on the shim in every form that hosts of the ABI take, and it sees what is wrong with a host.

The table of tools/run --conformance is tried with stand-in hosts, shell commands that say what a guest would have said, lies included.
docs/lguest.adoc is complete: each call and field of abi/lguest.h has its row, and what it calls unused is.
"""
import os
import re
import subprocess

import pytest
from elftools.elf.elffile import ELFFile

from image import symbols
from machine import BUILD, ROOT, boot

RUNGS = sorted(p.stem for p in (ROOT / "guests").glob("[0-9]*.asm"))
NAMES = [*RUNGS, "10-selftest", "11-postern"]
CHAPTER = ROOT / "docs/lguest.adoc"

# Hosts as they are: no TSC, a sticky word, no devices; larger tops; nothing direct, nothing but what is needed; SYSENTER by reflection.
HOSTS = ["", "tsc=off irqpending=sticky devices=off reserve=4M", "reserve=168M gates=reflect abi=min", "reserve=64M sysenter=on"]
QUICK = ("01-hello", "05-tables", "07-direct")


def steps(name):
    return len(re.findall(r"^\s+trying\s", (ROOT / f"guests/{name}.asm").read_text(), re.M))


def climb(name, shim="", kernel=None, **more):
    return boot("", on="lguest", shim=shim, kernel=kernel or BUILD / f"guests/{name}.elf", initrd="none", mem=32, **more)


def conformance(*args, timeout="60"):
    return subprocess.run([ROOT / "tools/run", "--no-build", "--conformance", "--timeout", timeout, *args], capture_output=True, text=True,
                          timeout=600, stdin=subprocess.DEVNULL, check=False)


def results(text):
    """{rung: result} of a table."""
    found = re.findall(r"^(\d\d-[\w-]+) .*  ((?:ok|not reached)$|failed: .*)", text, re.M)
    return {name: result.strip() for name, result in found}


@pytest.mark.parametrize("name, shim", [pytest.param(name, s, id=f"{name}: {s or 'default'}", marks=[pytest.mark.quick] if name in QUICK and not s else [])
                                        for name in RUNGS for s in HOSTS])
def test_rung(name, shim):
    console = climb(name, shim).expect(0, f"^{name}: ").console
    assert console.count("\n  ok\n") == steps(name) and "FAIL" not in console, console


@pytest.mark.parametrize("cpu", ["pentium3", "qemu32,-sep"])
def test_all_rungs_on_other_processors(cpu):
    for name in RUNGS:
        climb(name, cpu=cpu).expect(0)


def test_the_whole_table_on_the_shim():
    p = conformance("--platform", "lguest", "--mem", "64", "--shim", "abi=min")
    assert p.returncode == 0, p.stdout + p.stderr
    assert results(p.stdout) == dict.fromkeys(NAMES, "ok")


def test_a_host_with_two_level_tables_is_told_so():
    p = conformance("--platform", "lguest", "--mem", "32", "--shim", "pae=off")
    found = results(p.stdout)
    assert p.returncode == 1 and [found[n] for n in NAMES[:4]] == ["ok"] * 4, p.stdout
    assert "needs PAE" in found["05-tables"] and "ABI 16.1" in found["05-tables"]
    assert [found[n] for n in NAMES[5:]] == ["not reached"] * (len(NAMES) - 5)


# ---- rungs that were made to expect something else must fail ----

def changed(name, folder, symbol, offset, word):
    """A copy of a rung with one word of its data changed."""
    data = bytearray((BUILD / f"guests/{name}.elf").read_bytes())
    with open(BUILD / f"guests/{name}.elf", "rb") as f:
        elf = ELFFile(f)
        address = symbols(elf)[symbol][0] + offset
        for segment in elf.iter_segments():
            at = address - segment["p_paddr"]
            if segment["p_type"] == "PT_LOAD" and 0 <= at < segment["p_filesz"]:
                at += segment["p_offset"]
                data[at:at + 4] = word.to_bytes(4, "little")
                (folder / "changed.elf").write_bytes(data)
                return folder / "changed.elf"
    raise AssertionError(f"{symbol} is not in the file")


@pytest.mark.parametrize("name, field, word, said", [
    ("04-masking", 0x564, 0x100000, r"FAIL: interrupts that came before its end: expected 0x00000000, got 0x00000001 \(ABI 3, 7.2\)"),
    ("08-ring", 0x018, 0xFFFF00FF, r"FAIL: .* \(ABI 2, 2.1\)"),       # slot 1 is ready too early, with call 0: the order is lost
])
def test_a_rung_can_fail(tmp_path, name, field, word, said):
    climb(name, kernel=changed(name, tmp_path, "data", field, word)).expect(1, said)


def test_a_host_that_stops_the_guest(tmp_path):
    result = climb("01-hello", kernel=changed("01-hello", tmp_path, "data", 0x56C, 0x81))       # syscall_vec
    assert result.status == 105 and "stopped: " in result.console


# ---- hosts that break the entry contract: the shim, with something left out ----

BREACHES = {
    "CR4.OSFXSR": ([("memory.c", "CR4_OSFXSR |", "CR4_PSE |")], "09-tls-fpu", 103, "^refused: fpu: .*CR4.OSFXSR"),
    "ss1:esp1": ([("interrupt.c", "s->tss.ss1 = LGUEST_KERNEL_DS;", ""), ("interrupt.c", "&& g->page->tss.ss1 == LGUEST_KERNEL_DS", ""),
                  ("interrupt.c", "g->page->tss.ss1 = ss;", ""), ("interrupt.c", "r->ss = g->page->tss.ss1;", "r->ss = LGUEST_KERNEL_DS;")],
                 "07-direct", 101, r"^panic: process 1's int 0x80 was refused \(exception 10, .*ss1:esp1"),
    "gate of int 0x80": ([("interrupt.c", "if (!switcher_stubs[vector])", "if (!switcher_stubs[vector] || vector == LGUEST_SYSCALL_VECTOR)"),
                          ("interrupt.c", "if (options.reflect_all ||", "if (vector == LGUEST_SYSCALL_VECTOR ||")],
                         "06-ring3", 101, r"^panic: process 1's int 0x80 was refused \(exception 13, error 0x402\): .* gate"),
    "I/O bitmap": ([("machine.c", "(sizeof(struct tss) - 1)", "1700"),
                    ("interrupt.c", "s->tss.io_map = sizeof(s->tss);", "s->tss.io_map = offsetof(struct state, rest) - offsetof(struct state, tss);")],
                   "02-trap", 101, "^  FAIL: in al, 0x61: all ones"),
    "zero memory": ([("load.c", "memset(g->memory, 0, g->limit * PAGE_SIZE);",
                      "memset(g->memory, 0, g->limit * PAGE_SIZE);\n\tmemset(g->memory + PARAMS_END, 0xA5, g->memory_pages * PAGE_SIZE - PARAMS_END);")],
                    "01-hello", 103, "^refused: lguest: memory .* is not zero"),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_of_the_contract_is_named(changed_shim, breach):
    """By the rung that needs it first, and by Postern on its own."""
    changes, rung, status, line = BREACHES[breach]
    env = {**os.environ, "B": str(changed_shim(changes))}
    command = [ROOT / "tools/run", "--no-build", "--platform", "lguest", "--mem", "64", "--timeout", "60"]
    table = subprocess.run([*command, "--conformance"], env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    found = results(table.stdout)
    assert found[rung].startswith("failed: ") and all(r == "ok" for n, r in found.items() if n < rung), table.stdout + table.stderr
    p = subprocess.run([*command, "--cmdline", "selftest=pv -- -c 'echo end'"], env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert p.returncode == status and re.search(line, p.stdout, re.M), p.stdout


# ---- the table, with stand-ins for a host ----

# Says what the rung's source would have made it say.
HONEST = r"""
name=$(basename {kernel} .elf)
case $name in
postern) case {cmdline} in
    selftest*) echo 'selftest: 16 steps on stand-in, 0 failed' ;;
    *) echo 'all 6 passed' ;;
    esac ;;
*) for i in $(seq $(grep -c '^ *trying ' guests/$name.asm)); do echo "trying step $i (ABI 9.$i)"; echo '  ok'; done ;;
esac
"""
END = "echo 'postern: outcome exit 0'"


def test_an_honest_host_passes():
    p = conformance("--host", HONEST + END)
    assert (p.returncode, results(p.stdout)) == (0, dict.fromkeys(NAMES, "ok")), p.stdout + p.stderr
    assert p.stdout.rstrip().endswith(f"conformance: {len(NAMES)} of {len(NAMES)} rungs passed")


LIES = {
    "silence": ("exit 0", "no outcome"),
    "a step without an end": ("echo 'trying x (ABI 1)'; exit 0", "trying x"),
    "the outcome alone": (END, "0 of .* steps said ok"),
    "a failed step, and well": ("echo 'trying x (ABI 1)'; echo '  FAIL: y: expected 0x1, got 0x2 (ABI 1)';" + HONEST + END,
                                "trying x .* FAIL: y: expected 0x1, got 0x2"),
    "all well, and code 1": (HONEST + "echo 'postern: outcome exit 1'", "code 1"),
    "stopped": (HONEST + "echo 'host: stopped: bad hypercall 3'; exit 105", "step .* stopped: bad hypercall 3"),
    "panic": (HONEST + "echo 'panic: x'; echo 'postern: outcome panic'", "panic: x"),
    "no end": ("echo 'trying x (ABI 1)'; sleep 60", "trying x .*time limit"),
    "no such command": ("no-such-command", "could not be run"),
}


@pytest.mark.parametrize("lie, said", [pytest.param(*LIES[x], id=x, marks=[pytest.mark.quick] if x.startswith("a failed") else []) for x in LIES])
def test_a_host_that_fails_is_found_out(lie, said):
    p = conformance("--host", f"case {{kernel}} in */03-*) {lie} ;; *) {HONEST}{END} ;; esac", timeout="2" if "sleep" in lie else "20")
    found = results(p.stdout)
    assert p.returncode == 1 and re.fullmatch(f"failed: .*{said}.*", found["03-timer"]), p.stdout + p.stderr
    assert (found["02-trap"], found["04-masking"], found["11-postern"]) == ("ok", "not reached", "not reached")


@pytest.mark.quick
@pytest.mark.parametrize("args, said", [((), "wants --host or"), (("--platform", "native"), "wants --host or"), (("--kernel", "/none"), "cannot read")])
def test_bad_arguments(args, said):
    p = conformance(*args)
    assert p.returncode == 125 and said in p.stderr


# ---- the chapter ----

def rows(title):
    """The rows of the table under a heading, as lists of cells."""
    part = re.search(rf"^=== {title}\n(.*?)(?=^====? |\Z)", CHAPTER.read_text(), re.M | re.S)[1]
    return [[cell.strip() for cell in re.split(r"\s?\| ?", line)[1:]] for line in re.findall(r"^\|(?!=).*", part, re.M)][1:]


def members(structure):
    """The fields of a structure of abi/lguest.h, without fillers."""
    body = re.search(rf"struct {structure} \{{\n(.*?)^\}}", (ROOT / "abi/lguest.h").read_text(), re.M | re.S)[1]
    lines = re.findall(r"^\t(?:struct )?\w+ ([^;]+);", body, re.M)
    return [name for line in lines for name in re.findall(r"(\w+)(?:\[\w+\])?(?:,|$)", line) if not re.match(r"zero\d", name)]


@pytest.mark.quick
def test_every_call_has_its_row():
    declared = re.findall(r"^\tLHCALL_(\w+)\s*= (\d+)", (ROOT / "abi/lguest.h").read_text(), re.M)
    assert len(declared) > 15
    assert [(r[1].strip("`"), r[0]) for r in rows("Calls")] == declared


@pytest.mark.quick
@pytest.mark.parametrize("title, structure", [("The shared words", "lguest_data"), ("boot_params", "lguest_boot_params")])
def test_every_field_has_its_row(title, structure):
    assert [r[0].strip("`") for r in rows(title)] == members(structure)


@pytest.mark.quick
def test_each_promise_names_what_shows_it():
    for title in ("The entry contract", "boot_params", "Calls", "The shared words"):
        for *_, what, need, shown in rows(title):
            named = re.findall(r"`([^`]+)`", shown)
            assert named or need == "not used", (title, what)
            assert all(n in NAMES or (ROOT / n).exists() for n in named), (title, what, shown)


@pytest.mark.quick
def test_what_is_called_unused_is():
    sources = [p.read_text() for f in ("guests", "pv", "boot", "drivers") for p in (ROOT / f).rglob("*") if p.suffix in (".asm", ".inc", ".c")]
    unused = [r[1].strip("`") for r in rows("Calls") if r[-2] == "not used"] + [r[0].strip("`") for r in rows("boot_params") if r[-2] == "not used"]
    assert unused == ["SET_PMD", "type_of_loader", "kernel_alignment"]
    used = [name for name in unused if any(re.search(rf"LHCALL_{name}\b|->{name}\b|\[BOOT_{name}", text) for text in sources)]
    assert not used


@pytest.mark.quick
def test_the_rungs_of_the_chapter_are_those_there_are():
    assert [r[0].strip("`") for r in rows("The ladder")] == NAMES
