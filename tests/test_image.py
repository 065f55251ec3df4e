# SPDX-License-Identifier: MIT
"""The linked image as loaders see it, and proof that a damaged one would be noticed."""
import struct

import pytest

import image
from machine import KERNEL

pytestmark = pytest.mark.quick


@pytest.fixture(scope="module")
def data():
    return KERNEL.read_bytes()


def test_headers_and_notes(data):
    assert not image.problems(data)


def patch(data, at, fmt, value):
    copy = bytearray(data)
    struct.pack_into(fmt, copy, at, value)
    return bytes(copy)


def damage(data, kind):
    """A copy with one thing wrong."""
    if kind.startswith("mb"):
        magic, align, limit = (0x1BADB002, 4, 8192) if kind[2] == "1" else (0xE85250D6, 8, 32768)
        at = image.find_header(data, magic, align, limit)
        return patch(data, at + {"magic": 0, "flags": 4, "checksum": 8 if kind[2] == "1" else 12}[kind[4:]], "<I", 0x12345678)
    if kind == "entry":
        return patch(data, 24, "<I", image.LINK_ADDRESS)
    if kind == "machine":
        return patch(data, 18, "<H", 62)
    phoff, phentsize, phnum = struct.unpack_from("<I", data, 28)[0], *struct.unpack_from("<HH", data, 42)
    for at in range(phoff, phoff + phentsize * phnum, phentsize):
        kind_of, offset = struct.unpack_from("<II", data, at)
        if kind == "below 1 MiB" and kind_of == 1:
            return patch(data, at + 12, "<I", 0xFF000)
        if kind == "huge" and kind_of == 1:
            return patch(data, at + 16, "<I", image.IMAGE_LIMIT)
        if kind == "notes" and kind_of == 4:
            return patch(data, offset + 12, "<I", 0)
    return data[:len(data) // 16]


@pytest.mark.parametrize("kind", ["mb1 magic", "mb1 flags", "mb1 checksum", "mb2 magic", "mb2 checksum", "entry", "machine",
                                  "below 1 MiB", "huge", "notes", "truncated"])
def test_damage_is_noticed(data, kind):
    damaged = damage(data, kind)
    assert damaged != data and image.problems(damaged)


def test_size(data):
    print(f"loadable: {image.loaded_bytes(data)} bytes")
    assert image.loaded_bytes(data) < image.IMAGE_LIMIT
