# SPDX-License-Identifier: MIT
"""Debian's i386 packages for the tests: fetched once into the build folder by tools/debian, never installed.

As a program (tools/test) it fetches all that the tests want. Where a fetch fails, the tests that want the package are skipped with that reason.
"""
import difflib
import functools
import itertools
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

from machine import BUILD, ROOT

# libc6 is what dynamic programs need, the libraries what coreutils needs.
LIBRARIES = ("libc6", "libgcc-s1", "libacl1", "libattr1", "libgmp10", "libpcre2-8-0", "libselinux1")
PACKAGES = ("busybox-static", "busybox-static:amd64", "coreutils", "dash", "musl", "musl-dev", *LIBRARIES)
WAYS = ("glibc-static", "glibc-static-pie", "glibc-pie", "glibc", "musl-static", "musl")
FROM = ROOT / "tests/programs"
OUT = BUILD / "programs"
PROGRAMS = tuple(sorted(p.stem for p in FROM.glob("*.c")))


def fetch(*packages, depends=False):
    """tools/debian's status, what it says and what it prints."""
    p = subprocess.run([ROOT / "tools/debian", *["--depends"] * depends, BUILD / "debian", *packages],
                       capture_output=True, text=True, timeout=300, check=False)
    return p.returncode, p.stderr, p.stdout


def fetched(*packages, depends=False):
    """What tools/debian prints; where it fails, the test is skipped with its reason."""
    status, said, printed = fetch(*packages, depends=depends)
    if status:
        pytest.skip(said.strip().rsplit("\n", 1)[-1])
    return printed


@functools.cache
def package(name):
    """The folder that a package is unpacked in."""
    fetched(name)
    return BUILD / "debian" / name


def locked(*command):
    """One at a time, for the tests' workers share the build folder; shown only when it fails."""
    p = subprocess.run(["flock", BUILD / ".lock", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert p.returncode == 0, p.stdout + p.stderr


@functools.cache
def busybox_initrd():
    """The initrd of tools/run --initrd busybox."""
    package("busybox-static")
    locked("make", "-s", f"B={BUILD}", str(BUILD / "busybox.cpio"))
    return BUILD / "busybox.cpio"


@functools.cache
def build():
    """Compiles tests/programs in every way."""
    musl = BUILD / "debian/musl-all"
    for name in "musl", "musl-dev":
        locked("cp", "-a", f"{package(name)}/.", str(musl))
    locked("make", "-s", "-j2", "-f", str(FROM / "Makefile"), f"OUT={OUT}", f"MUSL={musl}")


@functools.cache
def host_busybox():
    """A folder with the same busybox for this host, and a name for each applet."""
    folder = BUILD / "host-busybox"
    if not folder.exists():
        folder.mkdir()
        subprocess.run([package("busybox-static:amd64") / "bin/busybox", "--install", "-s", folder], check=True)
    return folder


@functools.cache
def programs_initrd():
    """The busybox initrd and, in /programs, everything of tests/programs, with the C libraries, dash and coreutils from Debian's packages."""
    busybox_initrd()
    build()
    with tempfile.TemporaryDirectory(dir=BUILD) as name:
        tree = Path(name)
        libraries = tree / "lib/i386-linux-gnu"
        shutil.copytree(package("musl") / "lib", tree / "lib", symlinks=True)
        libraries.mkdir()
        (tree / "lib/ld-linux.so.2").symlink_to("i386-linux-gnu/ld-linux.so.2")
        for file in itertools.chain(*((package(p)).glob("**/lib/i386-linux-gnu/*.so*") for p in LIBRARIES)):
            shutil.copy(file, libraries, follow_symlinks=False)
        (tree / "usr/bin").mkdir(parents=True)
        for file in itertools.chain(package("coreutils").glob("**/bin/*"), package("dash").glob("bin/dash")):
            shutil.copy(file, tree / "usr/bin", follow_symlinks=False)
        shutil.copytree(package("coreutils") / "usr/libexec", tree / "usr/libexec")
        shutil.copytree(FROM, tree / "programs", ignore=shutil.ignore_patterns("*.c", "*.h", "Makefile"))
        for way in WAYS:
            shutil.copytree(OUT / way, tree / "programs" / way)
        return pack("programs.cpio", tree)


def pack(archive, *folders):
    """The busybox initrd with these folders over it. Two workers write the same bytes, each to a file of its own that then takes the place."""
    with tempfile.NamedTemporaryFile(dir=BUILD, delete=False) as file:
        subprocess.run([ROOT / "user/mkinitrd", file.name, "--tree", ROOT / "user/busybox", BUILD / "busybox", *folders], check=True)
    return Path(file.name).rename(BUILD / archive)


@functools.cache
def packages_initrd(*names):
    """The busybox initrd with these packages and what they depend on: what tools/run --initrd busybox,NAME,... boots."""
    busybox_initrd()
    return pack(",".join(("busybox", *names)) + ".cpio", *(BUILD / "debian" / p for p in fetched(*names, depends=True).split()))


# ---- tests/programs/debian.transcript ----

class Section(NamedTuple):
    """What one shell runs: (command, expected lines)..."""
    packages: tuple
    long: bool
    steps: tuple

    def script(self):
        """Shows each command as the transcript does and runs it."""
        return "".join(f"printf '%s\\n' {shlex.quote(shown)}\n" + re.sub(r"^[$>] ", "", shown, flags=re.M) + "\n" for shown, _ in self.steps)

    def pattern(self):
        """What it prints then, as a regular expression."""
        lines = []
        for shown, expected in self.steps:
            lines += [re.escape(x) + "\n" for x in shown.split("\n")]
            lines += [r"(?:.*\n)*?" if x == "..." else re.escape(x.rstrip()).replace(r"\.\.\.", ".*") + " *\n" for x in expected]
        return "".join(lines)


def read_transcript():
    """{name: Section} of tests/programs/debian.transcript, whose head tells its form."""
    sections = {}
    for part in re.split(r"^=== ", (FROM / "debian.transcript").read_text(), flags=re.M)[1:]:
        head, body = part.split("\n", 1)
        name, packages = head.split(": ")
        steps = re.findall(r"^(\$ .*(?:\n> .*)*)\n((?:(?!\$ ).*\n)*)", body, re.M)
        sections[name.rstrip("!")] = Section(tuple(packages.split()), name.endswith("!"),
                                             tuple((shown, tuple(expected.rstrip("\n").split("\n") if expected.strip() else ())) for shown, expected in steps))
    return sections


SECTIONS = read_transcript()
# Runs sections and shows what they have printed: run-sections NAME...
RUN_SECTIONS = """export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C TZ=UTC HOME=/root TERM=vt100
for section; do
	echo "=== $section"
	mkdir -p "/tmp/w/$section" && cd "/tmp/w/$section" || exit
	dash "/sections/$section" </dev/null >/tmp/w/out 2>&1
	cat /tmp/w/out
done
echo "=== end"
"""


def transcript_packages(names):
    """What these sections need, with the packages that those depend on."""
    return fetched("dash", "coreutils", *sorted({p for n in names for p in SECTIONS[n].packages}), depends=True).split()


@functools.cache
def transcript_tree(names):
    """A folder with these sections' scripts."""
    tree = BUILD / f"sections-{len(names)}"
    (tree / "sections").mkdir(parents=True, exist_ok=True)
    for name in names:
        (tree / "sections" / name).write_text(SECTIONS[name].script())
    (tree / "run-sections").write_text(RUN_SECTIONS)
    (tree / "bin").mkdir(exist_ok=True)
    if not (tree / "bin/sh").is_symlink():
        (tree / "bin/sh").symlink_to("dash")    # as the installation of dash does it
    return tree


@functools.cache
def transcript_initrd(names):
    """The busybox initrd with what these sections run."""
    busybox_initrd()
    return pack(f"sections-{len(names)}.cpio", *(BUILD / "debian" / p for p in transcript_packages(names)), transcript_tree(names))


def transcript_on_host(names):
    """What these sections print here: in a root folder, with process numbers and mounts, of their own. For root alone."""
    root = BUILD / f"sections-root-{len(names)}"
    shutil.rmtree(root, ignore_errors=True)
    for source in (ROOT / "user/busybox", *(BUILD / "debian" / p for p in transcript_packages(names)), transcript_tree(names)):
        subprocess.run(["cp", "-a", f"{source}/.", root], check=True)
    inside = """mkdir -p proc dev tmp root; mount -t proc proc proc; mount -t tmpfs none dev; mount -t tmpfs none tmp
        mknod -m 666 dev/null c 1 3; mknod -m 666 dev/zero c 1 5; mknod -m 666 dev/urandom c 1 9; ln -s /proc/self/fd dev/fd
        exec chroot . /bin/dash /run-sections "$@" """
    p = subprocess.run(["unshare", "--mount", "--pid", "--fork", "sh", "-c", inside, "sh", *names], cwd=root, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200, check=False)
    return p.stdout


def transcript_faults(names, text):
    """Where what was printed is not what the transcript says: {section: comparison}."""
    printed = dict(re.findall(r"^=== (\S+)\n(.*?)(?=^=== )", text, re.M | re.S))
    faults = {}
    for name in names:
        section = SECTIONS[name]
        if not re.fullmatch(section.pattern(), printed.get(name, "")):
            expected = [line for shown, lines in section.steps for line in (*shown.split("\n"), *lines)]
            faults[name] = "\n".join(difflib.unified_diff(expected, printed.get(name, "").splitlines(), "transcript", "printed", n=1, lineterm=""))
    return faults


if __name__ == "__main__":
    failed, text, _ = fetch(*PACKAGES)
    if not failed:
        failed, text, _ = fetch("dash", "bash", "less", "sqlite3", "coreutils", *sorted({p for s in SECTIONS.values() for p in s.packages}), depends=True)
    sys.stdout.write(text)
    sys.exit(failed)
