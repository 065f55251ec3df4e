# SPDX-License-Identifier: MIT
"""Debian's i386 programs, as they come from the archive, and programs compiled against its C libraries, on every platform.

tests/programs/ has what is run, tests/debian.py how it is fetched, built and packed. The oracle is the same source, compiled for this host,
or the same program of Debian for this host: what both print must be equal, line by line. Where there is no such twin, patterns.
"""
import functools
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

import pytest

import debian
from machine import BUILD, ROOT, boot, runs_i386

pytestmark = pytest.mark.platforms("native", "lguest")

# What no console may show, whatever the program.
FORBIDDEN = re.compile(r"not implemented|Bad system call|Segmentation|SIGSEGV|panic|Oops|corrupt|Illegal instruction|Assertion", re.I)

# What differs between this host and any guest unless the tests run as root: who owns files, and who may give them away.
OWNERS = re.compile(r"chown|owner")

SCRIPTS = ("busybox", "coreutils")


def run(words, *, stdin=b"", status=0, patterns=(), initrd=None, options="", **more):
    """Boots with process 1's words; its console, in which every pattern occurs and nothing that is forbidden."""
    result = boot(options, words, initrd=initrd or debian.busybox_initrd(), stdin=stdin, **more).expect(status, *patterns)
    found = FORBIDDEN.search(result.console)
    assert not found, f"{found[0]!r} on the console:\n{result.console}"
    return result.console


# ---- compared with this host ----


@functools.cache
def on_host(way, program):
    """The lines that the twin prints here, with its status; in a folder that is its own, with a terminal nowhere near."""
    command, path = [debian.OUT / ("host-static" if "glibc-static" in way else "host") / program], os.environ["PATH"]
    if program == "busybox":
        path = str(debian.host_busybox())
        command = [f"{path}/sh", debian.FROM / "busybox.sh"]
    elif program == "coreutils":
        command = ["dash", debian.FROM / "coreutils.sh"]
    with tempfile.TemporaryDirectory() as folder:
        p = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           timeout=60, start_new_session=True, env={**os.environ, "PATH": path}, check=False)
    return [*p.stdout.splitlines(), f"status {p.returncode}"]


def compare(ways, programs, **more):
    """Runs programs built in these ways in one boot, each beside its twin."""
    console = run(f"-c 'sh /programs/run {','.join(ways)} {','.join(programs)}'", initrd=debian.programs_initrd(), timeout=300, **more)
    sections = dict(re.findall(r"^=== (\S+)\n(.*?)(?=^=== )", console, re.M | re.S))
    wrong = []
    for way in ways:
        for program in programs:
            if not (way == "sh" or (debian.OUT / way / program).exists()):
                continue                # tests/programs/Makefile says why
            here, there = on_host(way, program), sections.get(f"{way}/{program}", "").splitlines()
            if os.geteuid():
                here, there = ([x for x in lines if not OWNERS.search(x)] for lines in (here, there))
            assert len(here) > 1, f"{way}/{program} prints nothing here"
            if here != there:
                diff = [f"host {h!r}, guest {g!r}" for h, g in zip(here, there + [None] * len(here)) if h != g][:5]
                wrong.append(f"{way}/{program}: {len(here)} lines here, {len(there)} there; {diff}")
    assert not wrong, "\n".join(wrong) + "\n--- console ---\n" + console


@pytest.mark.early
def test_every_program_in_every_way(platform):
    """glibc and musl, static and dynamic, position-independent and not. The shim's run has one of each kind, the long one below all."""
    compare(debian.WAYS if platform == "native" else ("glibc-static", "glibc-pie", "musl"), debian.PROGRAMS)


@pytest.mark.parametrize("cpu, mode", [("pentium3", "compat"), ("max", "off")])
def test_gate_in_another_mode(cpu, mode):
    """What leans on the VDSO page most, and on a processor with few features."""
    compare(("glibc", "musl-static"), ("base", "clocks", "objects", "signals", "unwind"), cpu=cpu, options=f"vdso={mode}")


@pytest.mark.long
@pytest.mark.parametrize("cpu", ["pentium3", "max"])
@pytest.mark.parametrize("mode", ["on", "compat", "off"])
def test_every_program_in_every_mode(cpu, mode):
    compare(debian.WAYS, debian.PROGRAMS, cpu=cpu, options=f"vdso={mode}")


# coreutils 9.1's cksum believes CPUID's AVX bit without asking whether the system has switched AVX on, and dies of SIGILL where it has not.
NO_AVX = "max,-avx"


@pytest.mark.early
def test_busybox_and_coreutils():
    compare(("sh",), SCRIPTS, cpu=NO_AVX)


@pytest.mark.long
@pytest.mark.parametrize("mode", ["compat", "off"])
def test_busybox_and_coreutils_in_another_mode(mode):
    compare(("sh",), SCRIPTS, cpu="pentium3", options=f"vdso={mode}")


# ---- the transcript: a table of programs by what they print ----

SHORT = tuple(name for name, section in debian.SECTIONS.items() if not section.long)
ALL = tuple(debian.SECTIONS)


def run_sections(names, **more):
    """Boots once for all of them."""
    console = run(f"-c 'dash /run-sections {' '.join(names)}'", initrd=debian.transcript_initrd(names), timeout=300, **more)
    faults = debian.transcript_faults(names, console)
    assert not faults, "\n".join(f"=== {name}\n{fault}" for name, fault in faults.items())


@pytest.mark.early
def test_transcript(platform):
    run_sections(SHORT, mem=384, **({"cpu": NO_AVX} if platform == "native" else {"cpu": "pentium3", "options": "vdso=off"}))


@pytest.mark.long
@pytest.mark.parametrize("cpu", ["pentium3", NO_AVX])
@pytest.mark.parametrize("mode", ["on", "compat", "off"])
def test_transcript_in_every_mode(cpu, mode):
    run_sections(ALL, mem=640, cpu=cpu, options=f"vdso={mode}")


@pytest.mark.platforms("native")
@pytest.mark.parametrize("names", [pytest.param(SHORT, id="short"), pytest.param(ALL, id="all", marks=pytest.mark.long)])
def test_transcript_is_what_linux_prints(names):
    """The same programs, files of the same packages, in a root folder here."""
    if os.geteuid() or not runs_i386():
        pytest.skip("another root folder is for root, and i386 programs for who can run them")
    faults = debian.transcript_faults(names, debian.transcript_on_host(names))
    assert not faults, "\n".join(f"=== {name}\n{fault}" for name, fault in faults.items())


# ---- expected patterns ----


def test_busybox_initrd():
    """One command to a shell, and every way out of it."""
    run("", stdin=b"echo $((6 * 7)); exit 9\n", patterns=["^42$", "built-in shell"])
    run("", stdin=b"poweroff\n", patterns=["Debian's busybox, unchanged"])
    run("", stdin=b"reboot\n", status=100)
    run("-c 'ls -l /init; false'", status=1, patterns=[r"^-rwxr-xr-x +1 root +root +\d+ .* /init$"])


MOUNTS = '''cd /tmp; mkdir m m/under; mount -t ramfs -o nosuid 'a b' m; mount | grep tmp; mkdir m/n; mount -t proc none m/n; ls -d m/* m/n/self
umount m; umount m/n; mount -o remount,ro m; >m/x; mount | grep /m; umount m; umount m; ls m
mount -t tmpfs -o size=1m,mode=700 none m; head -c 65536 /dev/zero >m/x; df m | tail -n 1; stat -f -c '%T %b %f' m; stat -c %a m; dd if=/dev/zero of=m/y bs=64k count=32 2>&1 | head -n 1
mount -t nofs none m; umount -l m; cd m; mount -t ramfs none .; /bin/busybox pwd; cd ..; umount m; umount m; mount'''
MOUNTED = r'''a b on /tmp/m type ramfs (rw,nosuid)
m/n       m/n/self
umount: can't unmount /tmp/m: Device or resource busy
-sh: can't create m/x: Read-only file system
a b on /tmp/m type ramfs (ro,nosuid)
umount: can't unmount m: Invalid argument
under
none                      1024        64       960   6% /tmp/m
tmpfs 256 240
700
dd: error writing 'm/y': No space left on device
mount: mounting none on m failed: No such device
/tmp/m
umount: can't unmount m: Invalid argument
rootfs on / type ramfs (rw)
proc on /proc type proc (rw)
'''


def test_mounts_by_busybox():
    console = run("", stdin=f"PS1=\nstty -echo\nexec 2>&1\n{MOUNTS}\nexit\n".encode())
    assert console.replace("\r", "").endswith(MOUNTED), console


@pytest.mark.parametrize("words, patterns", [
    ("ps; ps -o pid,ppid,comm", [r"^PID +USER +COMMAND$", r"^ +1 root +/init", r"^ +\d+ +\d+ ps$"]),
    ("free; cat /proc/meminfo", [r"^Mem: +2[0-9]{5} +[1-9]\d* +[1-9]", r"^MemTotal: +[1-9]"]),
    ("dmesg | head -n 1; uname -a; uptime; cat /proc/loadavg", [r"^Postern: a small", r"^Postern postern \S+ #1 i686 GNU/Linux$", r" up 0 min"]),
    ("date +%Y; date -s '2030-05-06 07:08:09' >/dev/null; date '+%F %H:%M'", [r"^20\d\d$", r"^2030-05-06 07:08$"]),
    ("time sleep 0.3; usleep 1000 && echo awake", [r"^real\s+0m 0\.[3-9]\ds$", "^awake$"]),
    ("stty -a; stty size; tty; stty -echo; stty | grep -c echo; stty sane", [r"^speed \d+ baud; rows 24", r"^24 80$", "^/dev/console$", "^1$"]),
    ("mount; df /; df -T / /proc; stat -f -c %T /proc", [r"^rootfs on / type ramfs", r"^proc on /proc type proc", "^proc$"]),
    ("top -b -n 1 | head -n 4; pidof init; kill -l 15; kill -0 1 && echo alive", [r"^Mem: \d+K used", r"^1$", "^TERM$", "^alive$"]),
    ("chown 12:34 /tmp; stat -c '%u:%g' /tmp; touch -d @99 /tmp/x; stat -c %Y /tmp/x; id", ["^12:34$", "^99$", r"^uid=0\(root\) gid=0\(root\)"]),
    ("ls -l /dev/null /proc/self/exe; readlink /proc/self/fd/0; find /proc/1 -maxdepth 1 -name 's*' | sort",
     ["^crw-rw-rw- .* 1, +3 .*/dev/null$", "/proc/self/exe -> /bin/busybox$", "^/dev/console$", "^/proc/1/stat$\n^/proc/1/statm$\n^/proc/1/status$"]),
], ids=lambda v: v.split()[0].rstrip(";") if isinstance(v, str) else "")
@pytest.mark.long
def test_applets_about_the_system(words, patterns):
    quoted = words.replace("'", '"')
    run(f"-c '{quoted}'", patterns=patterns)


def test_applets_about_the_system_in_one_boot():
    """The same, all of it."""
    cases = next(m for m in test_applets_about_the_system.pytestmark if m.name == "parametrize").args[1]
    run("", stdin=b"".join(words.encode() + b"\n" for words, _ in cases), patterns=[p for _, patterns in cases for p in patterns])


def test_auxiliary_vector():
    """As the dynamic linker prints it, in Linux's order (linux-i386.md section 6)."""
    console = run("-c 'LD_SHOW_AUXV=1 /programs/glibc-pie/objects'", initrd=debian.programs_initrd(), timeout=60)
    names = re.findall(r"^AT_(\w+|\?\?\?)[ :(]", console, re.M)
    assert [n for n in names if n != "???"] == [
        "SYSINFO", "SYSINFO_EHDR", *(["MINSIGSTKSZ"] if "MINSIGSTKSZ" in names else []), "HWCAP", "PAGESZ", "CLKTCK", "PHDR", "PHENT", "PHNUM",
        "BASE", "FLAGS", "ENTRY", "UID", "EUID", "GID", "EGID", "SECURE", "RANDOM", "HWCAP2", "EXECFN", "PLATFORM"], console
    for pattern in (r"^AT_PAGESZ: +4096$", r"^AT_CLKTCK: +100$", r"^AT_PHENT: +32$", r"^AT_SECURE: +0$", r"^AT_EXECFN: +/programs/glibc-pie/objects$",
                    r"^AT_PLATFORM: +i686$", r"^AT_HWCAP: .*\bcmov\b"):
        assert re.search(pattern, console, re.M), (pattern, console)


# ---- on a terminal ----


class Terminal:
    """tools/run on a pseudo terminal, as a person has it."""

    def __init__(self, *args):
        main, side = pty.openpty()
        lead = ("import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])")
        self.fd, self.text = main, ""
        self.child = subprocess.Popen([sys.executable, "-c", lead, ROOT / "tools/run", "--no-build", *args],
                                      stdin=side, stdout=side, stderr=side)
        os.close(side)

    def expect(self, pattern, timeout=60):
        """Reads until the pattern occurs behind what earlier calls have taken; takes the text up to its end."""
        until = time.monotonic() + timeout
        while not (found := re.search(pattern, self.text, re.M)):
            ready, _, _ = select.select([self.fd], [], [], max(until - time.monotonic(), 0))
            assert ready, f"waited for {pattern!r} in vain; the screen since: {self.text!r}"
            try:
                self.text += os.read(self.fd, 65536).decode("utf-8", "replace").replace("\r", "")
            except OSError as error:        # the other side is closed
                raise AssertionError(f"the end came before {pattern!r}: {self.text!r}") from error
        taken, self.text = self.text[:found.end()], self.text[found.end():]
        assert not FORBIDDEN.search(taken), taken
        return taken

    def keys(self, text):
        os.write(self.fd, text.encode())

    def command(self, text):
        """Types a line; what is on the screen until the next prompt."""
        self.keys(text + "\r")
        return self.expect("ready> ")

    def end(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        os.close(self.fd)


@pytest.fixture
def terminal(platform):
    """A busybox shell at its prompt, "ready> ", which no echo of a command can look like."""
    t = Terminal("--platform", platform, "--initrd", str(debian.busybox_initrd()), "--timeout", "120")
    t.expect("~ # ")
    t.command("PS1='rea''dy> '")
    yield t
    t.end()


@pytest.mark.early
def test_job_control(terminal):
    """^C, ^Z, ^\\, ^D, jobs, fg, bg, and the terminal that belongs to one job at a time."""
    t = terminal
    t.keys("cat\r")
    t.expect("cat\n")
    t.keys("to and fro\r")
    t.expect("to and fro\nto and fro\n")
    t.keys("\x04")
    t.expect("ready> ")
    for key, status in ("\x03", 130), ("\x1c", 131):
        t.keys("echo go; sleep 100\r")
        t.expect("^go\n")
        time.sleep(0.3)
        t.keys(key)
        t.expect("ready> ")
        assert f"\n{status}\n" in t.command("echo $?")
    t.keys("echo go; sleep 100\r")
    t.expect("^go\n")
    time.sleep(0.3)
    t.keys("\x1a")
    t.expect(r"\[1\]\+ +Stopped.*\n")
    t.expect("ready> ")
    assert re.search(r"\[1\]\+ +Stopped +.*sleep 100", t.command("jobs"))
    t.command("bg")
    assert re.search(r"\[1\]\+ +Running +.*sleep 100", t.command("jobs"))
    t.keys("fg\r")
    t.expect("sleep 100\n")
    time.sleep(0.3)
    t.keys("\x03")
    t.expect("ready> ")
    t.command("cat &")
    time.sleep(0.5)
    assert re.search(r"\[1\]\+ +Stopped \(tty input\)", t.command("true") + t.command("jobs"))
    t.keys("fg\r")
    t.expect("cat\n")
    t.keys("at last\r")
    t.expect("at last\nat last\n")
    t.keys("\x04")
    t.expect("ready> ")
    t.command("(exit 7) & wait $!; echo $?")
    t.keys("sleep 100 | cat\r")
    time.sleep(0.5)
    t.keys("\x1a")
    t.expect("Stopped")
    t.expect("ready> ")
    t.command("kill -9 %1")
    time.sleep(0.3)
    t.command("wait; jobs")
    assert "[1]" not in t.command("jobs")
    t.keys("\x04")
    t.expect("Postern has powered off")
    assert t.child.wait(20) == 0


def test_bash_and_less(platform):
    """readline: motion, history and its search, completion; ^Z out of a pager that has the whole screen, and back."""
    t = Terminal("--platform", platform, "--initrd", str(debian.packages_initrd("bash", "less")), "--timeout", "120")
    try:
        t.expect("~ # ")
        t.keys("exec bash\r")
        t.expect("# ")
        t.command("bind 'set enable-bracketed-paste off'; PS1='rea''dy> '")
        assert "\none more two\n" in t.command("echo one two\x1b[D\x1b[D\x1b[Dmore ")
        t.command("true")
        assert "\none more two\n" in t.command("\x1b[A\x1b[A")
        t.keys("\x12mor\r")
        t.expect("^one more two\n")
        t.expect("ready> ")
        assert "\n1 /etc/passwd\n" in t.command("wc -l /et\tpas\t")
        t.keys("seq 500 | less\r")
        t.expect("^23\n")
        t.keys("/321\r")
        t.expect("321\x1b\\[27m\n")           # what was found is shown in reverse
        t.expect("^343\n")
        t.keys("\x1a")
        t.expect(r"\[1\]\+ +Stopped +seq 500 \| less\n")
        t.expect("ready> ")
        t.keys("fg\r")
        t.expect("343")
        t.keys("q")
        t.expect("ready> ")
        t.keys("exit\r")
        t.expect("Postern has powered off")
        assert t.child.wait(20) == 0
    finally:
        t.end()


def test_vi(terminal):
    """busybox's vi in raw mode: insertion, motion, yank and put, undo, search and replace, saving."""
    t = terminal
    t.keys("vi /tmp/text\r")
    t.expect(r"/tmp/text")
    t.keys("ifirst line\rsecond lime\x1b")
    t.expect("second lime")
    time.sleep(0.5)
    t.keys("yyp:s/lime/line/\r")
    for keys in "ggdwirewritten \x1b", "Goend\x1b", ":wq\r":
        time.sleep(0.5)                 # what follows an escape at once would be a function key
        t.keys(keys)
    t.expect("ready> ")
    assert "\nrewritten line\nsecond lime\nsecond line\nend\n" in t.command("cat /tmp/text")
    assert "icanon" in t.command("stty -a").replace("-icanon", "") and "echo" in t.command("stty -a")
