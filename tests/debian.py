# SPDX-License-Identifier: MIT
"""Debian's i386 packages for the tests: fetched once into the build folder by tools/debian, never installed.

As a program (tools/test) it fetches all that the tests want. Where a fetch fails, the tests that want the package are skipped with that reason.
"""
import functools
import subprocess
import sys

import pytest

from machine import BUILD, ROOT

PACKAGES = ("busybox-static",)


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


@functools.cache
def busybox_initrd():
    """The initrd of tools/run --initrd busybox."""
    package("busybox-static")
    subprocess.run(["flock", BUILD / ".lock", "make", "-s", f"B={BUILD}", BUILD / "busybox.cpio"], cwd=ROOT, check=True, capture_output=True)
    return BUILD / "busybox.cpio"


if __name__ == "__main__":
    failed, text = fetch(*PACKAGES)
    sys.stdout.write(text)
    sys.exit(failed)
