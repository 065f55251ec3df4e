# SPDX-License-Identifier: MIT
"""Debian's i386 packages for the tests: fetched once into the build folder by tools/debian, never installed.

As a program (tools/test) it fetches all that the tests want. Where a fetch fails, the tests that want the package are skipped with that reason.
"""
import functools
import itertools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from machine import BUILD, ROOT

# libc6 is what dynamic programs need, the libraries what coreutils needs.
LIBRARIES = ("libc6", "libgcc-s1", "libacl1", "libattr1", "libgmp10", "libpcre2-8-0", "libselinux1")
PACKAGES = ("busybox-static", "busybox-static:amd64", "coreutils", "dash", "musl", "musl-dev", *LIBRARIES)
WAYS = ("glibc-static", "glibc-static-pie", "glibc-pie", "glibc", "musl-static", "musl")
FROM = ROOT / "tests/programs"
OUT = BUILD / "programs"
PROGRAMS = tuple(sorted(p.stem for p in FROM.glob("*.c")))


def fetch(*packages):
    """tools/debian's status and what it says."""
    p = subprocess.run([ROOT / "tools/debian", BUILD / "debian", *packages], capture_output=True, text=True, timeout=300, check=False)
    return p.returncode, p.stderr


@functools.cache
def package(name):
    """The folder that a package is unpacked in."""
    status, said = fetch(name)
    if status:
        pytest.skip(said.strip().rsplit("\n", 1)[-1])
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
        # Two workers write the same bytes, each to a file of its own that then takes the place.
        subprocess.run([ROOT / "user/mkinitrd", tree / "x", "--tree", ROOT / "user/busybox", BUILD / "busybox", tree], check=True)
        (tree / "x").rename(BUILD / "programs.cpio")
    return BUILD / "programs.cpio"


if __name__ == "__main__":
    failed, text = fetch(*PACKAGES)
    sys.stdout.write(text)
    sys.exit(failed)
