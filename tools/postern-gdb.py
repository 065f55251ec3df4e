# SPDX-License-Identifier: MIT
"""gdb commands for Postern: postern-task, postern-walk ADDRESS, postern-pv, postern-log. Sourced by tools/debug."""
import struct

import gdb

PRESENT, WRITE, USER, LARGE, NX = 1, 2, 4, 0x80, 1 << 63
BASE = 0xC0000000


def value(expression):
    return gdb.parse_and_eval(expression)


def memory(address, n):
    return bytes(gdb.selected_inferior().read_memory(address, n))


class Postern(gdb.Command):
    """Commands that know Postern's data: postern-task, postern-walk, postern-pv, postern-log."""

    def __init__(self):
        super().__init__("postern", gdb.COMMAND_USER, prefix=True)


class Task(gdb.Command):
    """postern-task: the current task, found from the kernel stack pointer as the kernel itself does."""

    def __init__(self):
        super().__init__("postern-task", gdb.COMMAND_USER)

    def invoke(self, _argument, _tty):
        esp = int(value("(unsigned)$esp"))
        if esp < BASE:
            print("in user mode: stop in the kernel first (for instance: break schedule)")
            return
        task = value(f"*(struct task **){(esp | 8191) - 3:#x}")
        print(f"{task}: pid {task['pid']} \"{task['comm'].string()}\", state {task['state']}, mm {task['mm']}")


class Walk(gdb.Command):
    """postern-walk ADDRESS: the page-table entries that translate an address, from cr3 down."""

    def __init__(self):
        super().__init__("postern-walk", gdb.COMMAND_USER)

    def invoke(self, argument, _tty):
        address = int(value(f"(unsigned)({argument})"))
        table = int(value("(unsigned)$cr3")) & 0xFFFFFFE0
        entry = struct.unpack("<Q", memory(table + BASE + (address >> 30) * 8, 8))[0]
        print(f"PDPTE {address >> 30}: {entry:#018x}")
        for name, shift in ("PDE", 21), ("PTE", 12):
            if not entry & PRESENT:
                print("not present")
                return
            index = address >> shift & 511
            entry = struct.unpack("<Q", memory((entry & 0xFFFFF000) + BASE + index * 8, 8))[0]
            print(f"{name} {index}: {entry:#018x}")
            if shift == 21 and entry & LARGE:
                break
        if not entry & PRESENT:
            print("not present")
            return
        mask = (1 << shift) - 1
        print(f"{address:#010x} -> {(entry & 0xFFFFFFFFFF000 & ~mask) | address & mask:#x} "
              f"{'w' if entry & WRITE else '-'}{'-' if entry & NX else 'x'}{'u' if entry & USER else '-'}")


class Pv(gdb.Command):
    """postern-pv: the table of operations, with the function behind each."""

    def __init__(self):
        super().__init__("postern-pv", gdb.COMMAND_USER)

    def invoke(self, _argument, _tty):
        ops = value("pv_ops")
        print(f"platform {value('pv_facts')['name']}")
        for group in ops.type.fields():
            for member in group.type.fields():
                print(f"  {group.name}.{member.name}: {ops[group.name][member.name]}")


class Log(gdb.Command):
    """postern-log: the kernel's log, from its ring in memory."""

    def __init__(self):
        super().__init__("postern-log", gdb.COMMAND_USER)

    def invoke(self, _argument, _tty):
        address = int(value("(unsigned)&log_area"))
        _, size, written, progress = struct.unpack("<4I", memory(address, 16))
        if not size:
            print("nothing was logged yet")
            return
        text = memory(address + 16, size)
        at = written % size
        text = text[:written] if written <= size else text[at:] + text[:at]
        print(f"{text.decode('utf-8', 'replace')}progress {progress}")


for command in Postern, Task, Walk, Pv, Log:
    command()
