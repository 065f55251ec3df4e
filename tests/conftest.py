# SPDX-License-Identifier: MIT
"""pytest's set-up: how much is run (--level), what is counted, and the fixtures that boot machines.

Marks: `quick` tests are all that --level quick runs, without those that are `slow`; `long` tests run at --level long only. A skip needs a reason and is printed
with it. The run fails when nothing ran. `gate` tests compare figures with those on record; they run with --gate only, at every level but the quick one.
`early` tests begin first; those of one `xdist_group` share a worker, for they share something costly.
"""
import shutil
import subprocess

import pytest

import elsewhere
import machine

LEVELS = ("quick", "normal", "long")


def pytest_addoption(parser):
    parser.addoption("--level", choices=LEVELS, default="normal")
    parser.addoption("--gate", action="store_true", help="also compare the figures with those on record")
    parser.addoption("--counts", help="file that receives the last line")


def pytest_configure(config):
    config.addinivalue_line("markers", "quick: also part of the quick run")
    config.addinivalue_line("markers", "slow: not part of the quick run, though the rest of its file is")
    config.addinivalue_line("markers", "platforms(name...): runs once on each of these platforms")
    config.addinivalue_line("markers", "long: part of the long run only")
    config.addinivalue_line("markers", "gate: part of runs with --gate only")
    config.addinivalue_line("markers", "long_on(platform): part of the long run only, there")
    config.addinivalue_line("markers", "early: takes long and so begins before the others, lest at the end the workers wait for it")


def is_long(item):
    there = item.get_closest_marker("long_on")
    return bool(item.get_closest_marker("long")) or bool(there) and item.callspec.params.get("platform") in there.args


def is_quick(item):
    """A test of several platforms is quick on the first of them."""
    marker = item.get_closest_marker("platforms")
    elsewhere_too = marker and item.callspec.params["platform"] != marker.args[0]
    return item.get_closest_marker("quick") and not item.get_closest_marker("slow") and not elsewhere_too


@pytest.hookimpl(tryfirst=True)         # before xdist gives the groups their names
def pytest_collection_modifyitems(config, items):
    level = config.getoption("level")
    if level == "quick":
        chosen = [i for i in items if is_quick(i)]
    elif level == "normal":
        chosen = [i for i in items if not is_long(i)]
    else:
        chosen = list(items)
    if not config.getoption("gate"):
        chosen = [i for i in chosen if not i.get_closest_marker("gate")]
    config.hook.pytest_deselected(items=[i for i in items if i not in chosen])
    items[:] = sorted(chosen, key=lambda i: not i.get_closest_marker("early"))


def pytest_terminal_summary(terminalreporter, config):
    terminalreporter.write_line("i386 programs were compared with those on " + (
        "this host" if machine.runs_i386() else f"recorded Linux ({machine.ORACLE.relative_to(machine.ROOT)}): this host does not run them")
        + f"; unit tests have {32 if machine.runs_i386() else 64} bits")
    if not config.getoption("counts"):
        return
    number = {k: len(terminalreporter.stats.get(k, [])) for k in ("passed", "failed", "error", "skipped")}
    with open(config.getoption("counts"), "w", encoding="ascii") as f:
        f.write(f"{number['passed']} passed, {number['failed'] + number['error']} failed, {number['skipped']} skipped")


def pytest_generate_tests(metafunc):
    marker = metafunc.definition.get_closest_marker("platforms")
    if marker:
        metafunc.parametrize("platform", marker.args, indirect=True)


@pytest.fixture(autouse=True)
def platform(request):
    """What machine.boot boots on; its name."""
    name = getattr(request, "param", "native")
    if why := elsewhere.CANNOT.get((name, request.node.originalname)):
        pytest.skip(f"not on {name}: {why}")
    machine.platform = name
    yield name
    machine.platform = "native"


@pytest.fixture
def boot():
    """boot(words, ...): one scripted run by tools/run, see machine.boot."""
    return machine.boot


@pytest.fixture
def start(tmp_path):
    """start(...): a machine to look into while it runs, see machine.Machine; ended with the test."""
    started = []

    def begin(*args, **kwargs):
        started.append(machine.Machine(tmp_path / f"machine{len(started)}", *args, **kwargs))
        return started[-1]
    yield begin
    for m in started:
        m.end()


@pytest.fixture(scope="session")
def changed_shim(tmp_path_factory):
    """changed_shim([(file of shim/, old, new), ...]): the folder of a build that has this shim, and everything else as it is."""
    tree, out = tmp_path_factory.mktemp("tree") / "t", tmp_path_factory.mktemp("build")
    shutil.copytree(machine.ROOT, tree, ignore=shutil.ignore_patterns(".*", "build", "docs", "tests"))
    for name in "postern.elf", "initrd.cpio", "guests":
        (out / name).symlink_to(machine.BUILD / name)

    def build(changes):
        names = {name for name, _, _ in changes}
        texts = {name: (machine.ROOT / "shim" / name).read_text() for name in names}
        for name, old, new in changes:
            assert texts[name].count(old) == 1, (name, old)
            texts[name] = texts[name].replace(old, new)
        for name in names:
            (tree / "shim" / name).write_text(texts[name])
        subprocess.run(["make", "-s", f"B={out}", out / "shim.elf"], cwd=tree, check=True)
        for name in names:
            (tree / "shim" / name).write_text((machine.ROOT / "shim" / name).read_text())
        return out
    return build
