"""Compiled code is cached by its content: an edit anywhere is seen, an unchanged program compiles nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from barter_bt.columns.cache import cache_directory
from barter_bt.columns.digest import digest

PROGRAM = Path(__file__).with_name("program.py")
ROOT = Path(__file__).parents[2]


class Cache:
    """A directory for compiled code, and the program run with it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run(self, *edits: str) -> dict:
        """What the program prints; nothing may stand on stderr."""
        environment = os.environ | {"BARTER_BT_CACHE": str(self.directory), "PYTHONPATH": str(ROOT)}
        environment.pop("BARTER_BT_INTERPRET", None)
        command = [sys.executable, "-W", "error", str(PROGRAM), *edits]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) | {"stderr": done.stderr}

    def files(self) -> dict[str, tuple[int, int]]:
        """Name to time of change and size."""
        return {p.name: (p.stat().st_mtime_ns, p.stat().st_size) for p in self.directory.iterdir()}


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> tuple[Cache, dict]:
    """A cache that has seen the small kernel once."""
    cache = Cache(tmp_path_factory.mktemp("small"))
    return cache, cache.run()["small"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[Cache, dict]:
    """A cache that was empty and has seen a whole backtest with a compiled strategy once."""
    cache = Cache(tmp_path_factory.mktemp("whole"))
    return cache, cache.run("whole", "llvm")


def test_an_unchanged_kernel_compiles_nothing(small):
    """A second process finds the code: the same result, no new file, no file changed."""
    cache, first = small
    assert first["value"] == 151
    before = cache.files()
    again = cache.run()["small"]
    assert (again, cache.files()) == (first, before)
    assert before


EDITS = [("helper", 251), ("constant", 153), ("closure", 171), ("module", 155), ("enum", 160)]


@pytest.mark.parametrize(("edit", "value"), EDITS)
def test_an_edit_is_seen(small, edit, value):
    """A changed helper, global constant, closure value, module's or enumeration's constant changes the result."""
    cache, first = small
    edited = cache.run(edit)["small"]
    assert edited["value"] == value
    assert edited["digest"] != first["digest"]
    assert cache.run()["small"] == first, "and the first program is still itself"


def test_an_unchanged_backtest_compiles_nothing(whole):
    """The same script again, with the whole engine: the same result, no new file, no file changed."""
    cache, first = whole
    before = cache.files()
    again = cache.run("whole")
    assert again["engine"]["fees"] == first["engine"]["fees"] == [2.0]
    assert cache.files() == before


def test_a_changed_engine_function_is_seen_by_a_cached_strategy(whole):
    """The engine's fee function exchanged: the user's unchanged strategy runs with the new one."""
    cache, first = whole
    edited = cache.run("engine")["engine"]
    assert first["engine"]["fees"] == [2.0]
    assert edited["fees"] == [4.0]


def test_the_hot_loop_counts_no_references_and_never_calls_python(whole):
    """GUARD: no NRT_incref, NRT_decref or Python API in the compiled `run` and `replay`."""
    calls = whole[1]["engine"]["calls"]
    assert any(re.search(r"6replay\d+replay_", name) for name in calls)
    assert any(re.search(r"4loop\d+run_", name) for name in calls)
    for name, called in calls.items():
        forbidden = [one for one in called if one.startswith(("NRT_", "Py", "_Py", "numba_"))]
        assert not forbidden, f"{name} calls {forbidden}"
        assert not [one for one in called if "cpython" in one]


def test_a_compiled_program_ends_in_silence(whole):
    """A result that lives until the interpreter ends leaves no message behind."""
    cache, first = whole
    assert first["stderr"] == ""
    assert cache.run("whole")["stderr"] == ""


def test_the_directory_can_be_chosen(monkeypatch, tmp_path):
    """BARTER_BT_CACHE names it, else the user's cache directory."""
    monkeypatch.setenv("BARTER_BT_CACHE", str(tmp_path))
    assert cache_directory() == tmp_path
    monkeypatch.delenv("BARTER_BT_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert cache_directory() == tmp_path / "user" / "barter_bt"


SCALE = 2


def scaled(x, factor=1):
    return x * SCALE * factor


def caller(x):
    return scaled(x) + 1


def test_the_digest_reacts_to_what_is_reachable_and_to_nothing_else(monkeypatch):
    """A global constant two calls away, a helper, a default and an exchange by name; not to an unrelated global."""
    first = digest(caller)
    assert digest(caller) == first
    monkeypatch.setitem(globals(), "UNRELATED", 5)
    assert digest(caller) == first
    assert digest(caller, {"other_name": scaled}) == first
    assert digest(caller, {scaled: lambda x: x}) != first
    with monkeypatch.context() as patch:
        patch.setitem(globals(), "SCALE", 3)
        assert digest(caller) != first
    with monkeypatch.context() as patch:
        patch.setattr(scaled, "__defaults__", (2,))
        assert digest(caller) != first
    with monkeypatch.context() as patch:
        patch.setitem(globals(), "scaled", lambda x: x * SCALE)
        assert digest(caller) != first
    assert digest(caller) == first


def test_the_digest_tells_equal_numbers_of_other_types_apart(monkeypatch):
    """1 and 1.0 compile to other code."""
    seen = set()
    for value in (1, 1.0, True, (1,), "1"):
        monkeypatch.setitem(globals(), "SCALE", value)
        seen.add(digest(caller))
    assert len(seen) == 5


def test_code_compiled_apart_can_run_together(whole):
    """Three processes compile one strategy each; one that loads all of them runs each as itself, in any order."""
    program, directory = PROGRAM.with_name("collision.py"), whole[0].directory
    environment = os.environ | {"BARTER_BT_CACHE": str(directory), "PYTHONPATH": str(ROOT)}
    environment.pop("BARTER_BT_INTERPRET", None)

    def run(*numbers: str) -> list[str]:
        command = [sys.executable, str(program), *numbers]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.split()

    for number in "123":
        assert run(number) == [number]
    before = whole[0].files()
    assert run("1", "2", "3") == ["1", "2", "3"]
    assert run("3", "2", "1") == ["3", "2", "1"]
    assert whole[0].files() == before, "and nothing is compiled"


def test_code_that_nobody_uses_is_deleted(tmp_path):
    """After two months; what is used, and files of others, stay."""
    from barter_bt.columns.cache import is_kept, prune

    long_ago = time.time() - 61 * 86_400
    for name in ("old.py-1.nbi", "old.py-1.py311.1.nbc", "used.py-2.nbi", "used.py-2.py311.1.nbc", "notes.txt"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (long_ago, long_ago))
    assert is_kept(tmp_path / "used.py-2.nbi")
    assert not is_kept(tmp_path / "missing.nbi")
    prune(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "used.py-2.nbi", "used.py-2.py311.1.nbc"]
