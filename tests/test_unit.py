# SPDX-License-Identifier: MIT
"""Host-side unit tests: tests/unit/test_*.c, each a program of its own, built with the address and undefined-behaviour sanitizers: in
32 bits as the kernel is, or in 64 where the host does not run i386 programs.

A line "// sources: a.c b.c" among its first names what it is linked with; "// flags: ..." adds compiler flags. It prints "ok NAME" and "not ok NAME"
lines and exits with 0 when all is well; a program that prints no such line has tested nothing and fails.
"""
import os
import re
import subprocess

import pytest

from machine import BUILD, ROOT, runs_i386

TESTS = sorted((ROOT / "tests/unit").glob("test_*.c"))
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1", "UBSAN_OPTIONS": "print_stacktrace=1"}


def words(text, key):
    return [w for line in re.findall(rf"^\s*(?://|/?\*)\s*{key}:(.*)$", "\n".join(text.splitlines()[:12]), re.M) for w in line.split()
            if w != "*/"]


def build_and_run(source, folder, *args):
    text = source.read_text()
    program = folder / source.stem
    built = subprocess.run(["gcc", "-m32" if runs_i386() else "-m64", "-g", "-O1", "-std=gnu11", *SANITIZE, "-I.", f"-I{BUILD}",
                            *words(text, "flags"), "-o", program, source, *words(text, "sources")],
                           cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return subprocess.run([program, *args], cwd=ROOT, capture_output=True, text=True, timeout=300, env=ENVIRONMENT, check=False)


def judge(run):
    """None for a good run, else what was wrong with it."""
    lines = re.findall(r"^(not ok|ok)\b", run.stdout, re.M)
    if run.returncode or "not ok" in lines or "runtime error" in run.stderr:
        return f"status {run.returncode}\n{run.stdout[-3000:]}\n{run.stderr[-6000:]}"
    return None if lines else "it printed no ok line: nothing was tested"


@pytest.mark.quick
@pytest.mark.parametrize("source", [pytest.param(t, id=t.stem[5:]) for t in TESTS])
@pytest.mark.early
def test_unit(source, tmp_path):
    assert (problem := judge(build_and_run(source, tmp_path))) is None, problem


@pytest.mark.long
@pytest.mark.parametrize("source", [pytest.param(t, id=t.stem[5:]) for t in TESTS if "long" in words(t.read_text(), "also")])
def test_unit_long(source, tmp_path):
    """The same with the word "long": more rounds of a fuzzer."""
    assert (problem := judge(build_and_run(source, tmp_path, "long"))) is None, problem


@pytest.mark.quick
@pytest.mark.parametrize("body, said", [
    ("puts(\"not ok a\"); return 0;", "not ok"),
    ("puts(\"ok a\"); return 1;", "status 1"),
    ("return 0;", "nothing was tested"),
    ("char *volatile p = malloc(1); puts(\"ok a\"); return p[argc];", "heap-buffer-overflow"),
    ("volatile int x = 0x7fffffff; puts(\"ok a\"); x = x + argc; return 0;", "signed integer overflow"),
])
def test_a_bad_unit_test_is_red(tmp_path, body, said):
    source = tmp_path / "test_bad.c"
    source.write_text(f"#include <stdio.h>\n#include <stdlib.h>\nint main(int argc, char **argv) {{ (void)argv; (void)argc; {body} }}\n")
    assert said in (judge(build_and_run(source, tmp_path)) or "")
