# SPDX-License-Identifier: MIT
"""Where platforms differ by nature (DESIGN section 10): the one table of what a test expects elsewhere, and of what can't run there.

Tests are written for the bare machine and ask here: `expected("crash=stack", 102)`. A test of CANNOT is skipped there, with the reason.
"""
import machine

# (platform, what) -> (what is expected there, why)
DIFFERENCES = {
    ("lguest", "/tests/crash exec"): ("process 1 exited with code 1 ", "the shim, as real hosts of its ABI, does not enforce NX"),
    ("lguest", "/tests/ldt"): (["ok no modify_ldt", "1 passed, 0 failed"], "the host's interface has no local descriptor table (ABI sheet 5)"),
    ("lguest", "not compared of badargs"): ("ok modify_ldt", "as /tests/ldt"),
    ("lguest", "protection bits of CR4"): ((), "ring 1 counts as supervisor: SMEP and SMAP would stop the guest's kernel, UMIP serves ring 3 of ring 0 only"),
    ("lguest", "least reserved top"): (0x21000, "the host always takes some (ABI sheet 6.8)"),
    ("lguest", "most memory"): (3072, "a PC has 3.5 GiB below its devices, and the shim's tables lie beside the guest's memory"),
    ("lguest", "crash=stack"): (105, "a frame can't be pushed on a full stack, and vector 8 is not the guest's: the host stops it with the reason"),
    ("lguest", "crash=stack says"): ("stopped: no stack at", "see there"),
    ("lguest", "crash=triple"): (101, "LIDT of an empty table is refused at ring 1, a fault of the kernel's that it reports"),
}

# (platform, test) -> why it can't run there
_NO_DOOR = "the shim has one door of its own; test_shim.py starts it by GRUB"
CANNOT = {
    ("lguest", "test_door_multiboot1"): _NO_DOOR,
    ("lguest", "test_door_multiboot1_grub"): _NO_DOOR,
    ("lguest", "test_door_multiboot2"): _NO_DOOR,
    ("lguest", "test_door_pvh"): _NO_DOOR,
    ("lguest", "test_grub_menu"): _NO_DOOR,
    ("lguest", "test_grub_menu_entries"): _NO_DOOR,
    ("lguest", "test_reserve_top"): "the shim reserves; test_matrix.py has the sizes",
    ("lguest", "test_w_xor_x"): "NX is not enforced; that the code is read-only is tested without NX",
    ("lguest", "test_self_test"): "test_shim.py runs it in every mode of the shim",
    ("lguest", "test_vga_screen_shows_the_console"): "a guest has no screen",
}


def expected(what, natively):
    """What is expected of this on the platform of the test."""
    return DIFFERENCES.get((machine.platform, what), (natively,))[0]
