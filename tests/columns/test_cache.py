"""Compiled code is cached by its content: an edit anywhere is seen, an unchanged program compiles nothing."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from barter_bt.columns import cache
from barter_bt.columns.cache import _HEAD, CacheWarning, CodeCache, _checksum, _read, cache_directory, prune
from barter_bt.columns.column import I64
from barter_bt.columns.digest import digest
from barter_bt.columns.table import Table

PROGRAM = Path(__file__).with_name("program.py")
ROOT = Path(__file__).parents[2]


class Cache:
    """A directory for compiled code, and the program run with it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run(self, *edits: str, warnings: str = "error") -> dict:
        """What the program prints; a warning is an error unless it is expected."""
        environment = os.environ | {"BARTER_BT_CACHE": str(self.directory), "PYTHONPATH": str(ROOT)}
        environment.pop("BARTER_BT_INTERPRET", None)
        command = [sys.executable, "-W", warnings, str(PROGRAM), *edits]
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
    """A cache that has seen whole backtests with compiled strategies once, the first ones in threads.

    It has no strategy and no loop before, only those units of the engine that are compiled already: a unit is the same
    code whoever compiles it, and one lock holds for all that a loop needs.
    """
    cache = Cache(tmp_path_factory.mktemp("whole"))
    for file in cache_directory().glob("*.code"):
        if not file.name.startswith(("compile_entry-", "compile_address-")):
            shutil.copy(file, cache.directory)
    return cache, cache.run("threads", "whole")


def test_an_unchanged_kernel_compiles_nothing(small):
    """A second process finds the code: the same result, no new file, no file changed."""
    cache, first = small
    assert first["value"] == 151
    before = cache.files()
    again = cache.run()["small"]
    assert (again, cache.files()) == (first, before)
    assert before


EDITS = {"helper": 251, "constant": 153, "closure": 171, "module": 155, "enum": 160}


def test_an_edit_is_seen(small):
    """A changed helper, global constant, closure value, module's or enumeration's constant changes the result."""
    cache, first = small
    edited = {edit: cache.run(edit)["small"] for edit in EDITS}
    assert {edit: each["value"] for edit, each in edited.items()} == EDITS
    assert len({first["digest"], *(each["digest"] for each in edited.values())}) == 1 + len(EDITS)
    assert cache.run()["small"] == first, "and the first program is still itself"


def test_threads_that_compile_at_once_give_what_each_alone_gives(whole):
    """Nothing was compiled yet, neither in their process nor on disk; afterwards many runs went on at once."""
    threads = whole[1]["threads"]
    assert threads["digests"] == threads["alone"] * 22
    assert len(set(threads["alone"])) == 2


def test_an_unchanged_backtest_compiles_nothing(whole):
    """The same script again, with the whole engine: the same result, no new file, no file changed.

    A result that lives until the interpreter ends leaves no message behind, whether its code was compiled or loaded.
    """
    cache, first = whole
    before = cache.files()
    again = cache.run("whole")
    assert again["engine"] == first["engine"]
    assert cache.files() == before
    assert first["stderr"] == again["stderr"] == ""


def test_a_changed_engine_function_is_seen_by_a_cached_strategy(whole):
    """The one by which the engine books a fill, exchanged: the user's unchanged strategy runs with the new one."""
    cache, first = whole
    assert first["engine"] == {"filled": 2, "equity": 998.0}
    assert cache.run("engine")["engine"] == {"filled": 4, "equity": 998.0}


def test_the_hot_loop_counts_no_references_and_never_calls_python(whole):
    """GUARD: no NRT_incref, NRT_decref or Python API in the compiled loop, whichever of it is merged into its entry."""
    calls = whole[1]["threads"]["calls"]
    assert any(re.search(r"5entry\d+.*entry_", name) for name in calls)
    for name, called in calls.items():
        forbidden = [one for one in called if one.startswith(("NRT_", "Py", "_Py", "numba_"))]
        assert not forbidden, f"{name} calls {forbidden}"
        assert not [one for one in called if "cpython" in one]


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


def test_code_over_a_table_that_moved_is_other_code():
    """What is kept names its tables by their modules: taken for a table elsewhere, it could not be read."""

    def first(table: Table) -> type:
        return table_class

    digests = set()
    for module in ("here", "there"):
        table_class = type("Moved", (Table,), {"__annotations__": {"a": I64}, "__module__": module})
        digests.add(digest(first))
    assert len(digests) == 2


def test_the_digest_tells_equal_numbers_of_other_types_apart(monkeypatch):
    """1 and 1.0 compile to other code."""
    seen = set()
    for value in (1, 1.0, True, (1,), "1"):
        monkeypatch.setitem(globals(), "SCALE", value)
        seen.add(digest(caller))
    assert len(seen) == 5


def test_code_compiled_apart_can_run_together(whole):
    """Two processes compile one strategy each; one that loads both runs each as itself, in any order."""
    program, directory = PROGRAM.with_name("collision.py"), whole[0].directory
    environment = os.environ | {"BARTER_BT_CACHE": str(directory), "PYTHONPATH": str(ROOT)}
    environment.pop("BARTER_BT_INTERPRET", None)

    def run(*numbers: str) -> list[str]:
        command = [sys.executable, str(program), *numbers]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.split()

    for number in "12":
        assert run(number) == [number]
    before = whole[0].files()
    assert run("1", "2") == ["1", "2"]
    assert run("2", "1") == ["2", "1"]
    assert whole[0].files() == before, "and nothing is compiled"


def test_code_that_nobody_uses_is_deleted(tmp_path):
    """After two months, that of earlier versions too; what is used, and files of others, stay."""
    long_ago = time.time() - 61 * 86_400
    for name in ("old-1.code", "old.py-1.nbi", "old.py-1.py311.1.nbc", "killed.tmp", "notes.txt"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (long_ago, long_ago))
    (tmp_path / "used-1.code").touch()
    prune(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "used-1.code"]


def doubled(x):
    return x + x


class Kept:
    """A compiled function in a cache of its own, made anew as a new process would make it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BARTER_BT_CACHE", str(folder))
        self.folder = folder

    def compile(self) -> tuple[int, int]:
        """The function's value of 21, and how often it was compiled."""
        from numba import njit, types

        one = njit(doubled)
        one._cache = CodeCache(doubled, "content")
        one.compile((types.int64,))
        return one(21), sum(one._cache_misses.values())

    @property
    def file(self) -> Path:
        (file,) = self.folder.glob("*.code")
        return file


@pytest.fixture
def kept(tmp_path, monkeypatch) -> Kept:
    """A cache in which the function is."""
    cache = Kept(tmp_path / "cache", monkeypatch)
    assert cache.compile() == (42, 1)
    assert cache.compile() == (42, 0)
    return cache


def load(kept: Kept) -> object:
    from numba import types
    from numba.core.registry import cpu_target

    return CodeCache(doubled, "content").load_overload((types.int64,), cpu_target.target_context)


@pytest.mark.parametrize("seed", range(8))
def test_code_with_a_flipped_bit_is_never_loaded(kept, seed):
    """Wherever the bit is; the warning names the file."""
    whole, random = kept.file.read_bytes(), Random(seed)
    for _ in range(25):
        bit = random.randrange(8 * len(whole))
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        kept.file.write_bytes(changed)
        with pytest.warns(CacheWarning, match=f"compiled again: .*{kept.file.name}"):
            assert load(kept) is None
    kept.file.write_bytes(whole)
    assert load(kept) is not None


@pytest.mark.parametrize("length", [0, 1, 16, 17, 30, 48, 49, 50, 1000, -1])
def test_code_that_is_cut_is_compiled_again_and_kept(kept, length):
    """Empty, in the head, in the checksum, without content, in the content, by its last byte."""
    kept.file.write_bytes(kept.file.read_bytes()[:length])
    with pytest.warns(CacheWarning, match="its checksum differs"):
        assert kept.compile() == (42, 1)
    assert kept.compile() == (42, 0)


def test_code_under_the_name_of_other_code_is_not_taken(kept):
    """Whole as it is, it is not what was asked for."""
    moved = kept.file.rename(kept.folder / kept.file.name.replace("doubled", "trebled"))
    with pytest.raises(ValueError, match="checksum"):
        _read(moved)


def test_content_that_cannot_be_read_is_compiled_again(kept):
    """Its checksum holds, and still it is nothing that Numba wrote."""
    kept.file.write_bytes(_HEAD + _checksum(kept.file, b"no pickle") + b"no pickle")
    with pytest.warns(CacheWarning, match="compiled again"):
        assert kept.compile() == (42, 1)
    assert kept.compile() == (42, 0)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
def test_nothing_is_loaded_from_a_folder_that_others_can_write(kept, monkeypatch, mode):
    """Nor kept there; when it is the user's alone again, what was there is used."""
    monkeypatch.setattr(cache, "_warn_once", cache._warn)
    kept.folder.chmod(mode)
    with pytest.warns(CacheWarning, match="others can write in"):
        assert kept.compile() == (42, 1)
    kept.folder.chmod(0o755)
    assert kept.compile() == (42, 0)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_nothing_is_loaded_from_a_folder_or_a_file_of_another_user(kept, monkeypatch):
    """Whoever it is, but for the administrator."""
    monkeypatch.setattr(cache, "_warn_once", cache._warn)
    user = os.geteuid()
    os.chmod(kept.file, 0o666)
    with pytest.warns(CacheWarning, match="others can write it"):
        assert kept.compile() == (42, 1)
    assert stat.S_IMODE(kept.file.stat().st_mode) == 0o600
    if user == 0:
        os.chown(kept.folder, 12345, 12345)
        with pytest.warns(CacheWarning, match="others can write in"):
            assert kept.compile() == (42, 1)


def test_where_nothing_can_be_kept_one_process_compiles_for_itself(tmp_path, monkeypatch):
    """The path lies below a file, so that no permission helps: one warning, the right value, no leftovers."""
    (tmp_path / "file").write_text("mine")
    below = Kept(tmp_path / "file" / "cache", monkeypatch)
    with pytest.warns(CacheWarning, match="BARTER_BT_CACHE can name another directory"):
        assert below.compile() == (42, 1)
    assert below.compile() == (42, 1), "and it is told once"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("where", ["write", "replace"])
def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch, where):
    """The function is compiled, no file is left, and later it is kept."""
    full = Kept(tmp_path / "cache", monkeypatch)

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(*((cache, "_checksum") if where == "write" else (Path, "replace")), fail)
        with pytest.warns(CacheWarning, match="No space left"):
            assert full.compile() == (42, 1)
        assert list(full.folder.iterdir()) == []
    assert full.compile() == (42, 1)
    assert full.compile() == (42, 0)


def test_a_program_whose_code_is_damaged_gives_the_same_result(tmp_path):
    """A bit in every file of it: every one is compiled again, with a warning, and kept."""
    program, random = Cache(tmp_path), Random(15)
    first = program.run()["small"]
    for file in tmp_path.iterdir():
        content = bytearray(file.read_bytes())
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
        file.write_bytes(content)
    again = program.run(warnings="always")
    assert again["small"] == first
    assert again["stderr"].count("CacheWarning") == len(program.files())
    assert program.run()["small"] == first
