# SPDX-License-Identifier: MIT
"""The book in docs/: its figures are those of this tree, its list of options is complete, its parts exist, and it builds without a warning.

Commands, expected lines and file names in it are test_docs.py's business.
"""
import re
import shutil
import subprocess
import xml.etree.ElementTree

import pytest

from machine import ROOT

DOCS = ROOT / "docs"
BOOK = DOCS / "book.adoc"
pytestmark = pytest.mark.quick


def chapters():
    return sorted(DOCS.glob("**/*.adoc"))


def rows(path):
    """First column of the table rows of a document, without its backquotes."""
    return re.findall(r"^\| `([^`]+)`", path.read_text(), re.M)


def test_figures_are_of_this_tree(tmp_path):
    subprocess.run([ROOT / "tools/figures-svg", tmp_path], check=True)
    drawn, kept = ({p.name: p.read_text() for p in folder.glob("*.svg")} for folder in (tmp_path, DOCS / "figures"))
    assert len(drawn) >= 2
    assert kept == drawn, "run tools/figures-svg"


def test_calls_are_those_of_the_kernel(tmp_path):
    """The table of system calls is what the tool makes of today's list, and has a row for each of its lines."""
    subprocess.run([ROOT / "tools/calls-table", tmp_path / "table"], check=True)
    made = (tmp_path / "table").read_text()
    assert (DOCS / "calls-table.adoc").read_text() == made, "run tools/calls-table"
    numbers = re.findall(r"^SYSCALL\w*\((\d+),", (ROOT / "kernel/syscalls.def").read_text(), re.M)
    assert re.findall(r"^\| (\d+) \|", made, re.M) == numbers and len(numbers) > 100


def test_figures_are_xml():
    for path in (DOCS / "figures").glob("*.svg"):
        assert xml.etree.ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_options_are_those_of_the_kernel():
    options = re.findall(r'^OPTION\("([^"]+)"', (ROOT / "boot/options.def").read_text(), re.M)
    assert options
    assert rows(DOCS / "options.adoc") == options


def test_option_values_are_those_of_the_kernel():
    text = (DOCS / "options.adoc").read_text()
    for name, values in re.findall(r'^OPTION\("([^"]+)", "([^"]*)"', (ROOT / "boot/options.def").read_text(), re.M):
        row = re.search(rf"^\| `{name}` \|([^|]*)\|", text, re.M)
        assert row and row[1].replace("`", "").strip() == ", ".join(values.split("|")), name


def test_includes_and_images_exist():
    found = [(p, target) for p in chapters() for target in re.findall(r"^(?:include|image)::([^\[]+)\[", p.read_text(), re.M)]
    assert len(found) > 5
    missing = [f"{p.name}: {target}" for p, target in found if not (p.parent / target).exists()]
    assert not missing


def test_every_chapter_is_in_the_book():
    included = set(re.findall(r"^include::([^\[]+)\[", BOOK.read_text(), re.M))
    assert included == {str(p.relative_to(DOCS)) for p in chapters()} - {"book.adoc"}


def test_book_builds(tmp_path):
    if not shutil.which("asciidoctor"):
        pytest.skip("asciidoctor is not installed")
    p = subprocess.run(["asciidoctor", "--failure-level=WARN", "-o", tmp_path / "book.html", BOOK], capture_output=True, text=True, check=False)
    assert p.returncode == 0, p.stdout + p.stderr
    assert (tmp_path / "book.html").stat().st_size > 10000
