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


if __name__ == "__main__":
    failed, text, _ = fetch(*PACKAGES)
    sys.stdout.write(text)
    sys.exit(failed)
