# SPDX-License-Identifier: MIT
"""What the documents say is run: commands in fenced blocks, expected lines, file names, boot options.

README.md: a line "$ COMMAND" in a fenced block is run as it stands (tools/run without set-up and with a time limit); the lines below it must
occur in its output in this order, "..." standing for any number of lines. In docs/*.adoc the same holds for [source,console] blocks.
A line that cannot be run here is listed in NOT_RUN with the reason.
"""
import os
import re
import shlex
import subprocess

import pytest

import debian
from machine import BUILD, ROOT

NOT_RUN = {
    "tools/test": "is what runs this",
    "make test": "is what runs this",
    "tools/run": "without arguments is interactive: test_boot.py plays it",
    "make run": "is interactive: test_boot.py plays tools/run",
    "make debug": "is interactive: test_debug.py plays it",
    "make bench": "is run by test_figures.py",
    "make check": "would run this again",
    "tools/pvcost": "is run by test_pvcost.py",
    "tools/run --gui": "needs a display",
}


def blocks(path):
    """The text of every console block of a document."""
    text = path.read_text()
    if path.suffix == ".md":
        return re.findall(r"^```(?:console|sh|text)?\n(.*?)^```", text, re.M | re.S)
    return re.findall(r"^\[source,(?:console|sh)[^\]]*\]\n----\n(.*?)^----", text, re.M | re.S)


def commands():
    """(document, number of the block, command, expected lines) of every "$ " line."""
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.adoc"))]:
        for number, block in enumerate(blocks(path)):
            for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
                command, *expected = part.rstrip("\n").split("\n")
                yield path.relative_to(ROOT), number, command, [x for x in expected if x.strip()]


def case(document, block, command, expected):
    """Of one block the commands run one after another, since one may use what the last one has made."""
    return pytest.param(command, expected, id=f"{document}: {command}"[:100], marks=pytest.mark.xdist_group(f"{document} {block}"))


@pytest.mark.parametrize("command, expected", [case(*c) for c in commands()])
def test_command(command, expected):
    bare = re.sub(r"\s+#.*$", "", command)
    if bare in NOT_RUN:
        pytest.skip(NOT_RUN[bare])
    if packages := re.search(r"--initrd busybox(\S*)", bare):
        debian.packages_initrd(*packages[1].split(",")[1:]) if packages[1] else debian.busybox_initrd()
    line = re.sub(r"(^|\| *)tools/run\b", r"\1tools/run --no-build --timeout 60", bare)
    line = re.sub(r"\bbuild/", f"{BUILD}/", line)
    line = re.sub(r"^make\b", f"make B={shlex.quote(str(BUILD))}", line)
    p = subprocess.run(line, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
                       env={**os.environ, "B": str(BUILD)}, check=False)
    output, at = (p.stdout + p.stderr).splitlines(), 0
    assert p.returncode in (0, *range(100, 106)) or not bare.startswith("tools/run"), p
    for line in expected:
        if line.strip() == "...":
            continue
        pattern = re.escape(line.rstrip()).replace(r"\.\.\.", ".*")
        hit = next((i for i in range(at, len(output)) if re.fullmatch(pattern, output[i].rstrip())), None)
        assert hit is not None, f"expected {line!r} after line {at} of:\n" + "\n".join(output)
        at = hit + 1


@pytest.mark.quick
def test_readme_has_the_two_commands():
    said = {command for _, _, command, _ in commands()}
    assert {"tools/run", "tools/test"} <= {re.sub(r"\s+#.*$", "", c) for c in said}


@pytest.mark.quick
def test_named_files_exist():
    """A path of this tree in a document is there."""
    missing = set()
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("**/*.adoc")]:
        for name in re.findall(r"`((?:boot|arch|mm|vdso|pv|kernel|drivers|user|tools|tests|abi|docs)/[\w./-]*)[`:( ]", path.read_text()):
            if not (ROOT / name).exists():
                missing.add(f"{path.name}: {name}")
    assert not missing


@pytest.mark.quick
def test_every_tool_says_how_it_is_used():
    for tool in (ROOT / "tools").iterdir():
        if tool.is_file() and os.access(tool, os.X_OK):
            assert re.search(r"usage:", tool.read_text()), tool.name


def test_licences():
    assert "MIT License" in (ROOT / "LICENSE").read_text()
    assert "Attribution 4.0" in (ROOT / "docs/LICENSE").read_text()
