"""Files are written whole or not at all, and what killed writers left is deleted by the next."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from barter_bt import files
from barter_bt.errors import ConfigError, EngineError
from barter_bt.files import put_directory, replacing, set_aside, temporary
from tests.killing import Killed, kill_at

LEFT = ".a.txt.0123abcd.writing"


def write(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write_text(text)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), ValueError()])
@pytest.mark.parametrize("earlier", [True, False])
def test_a_failure_while_writing_leaves_the_older_file(tmp_path, error, earlier):
    """With half of the newer one written."""
    path = tmp_path / "a.txt"
    if earlier:
        write(path, "older")

    def half() -> None:
        with replacing(path) as file:
            file.write_text("new")
            raise error

    with pytest.raises(EngineError if isinstance(error, OSError) else type(error)):
        half()
    assert [each.read_text() for each in tmp_path.iterdir()] == (["older"] if earlier else [])


def test_a_kill_at_any_operation_leaves_the_older_file_or_the_newer(tmp_path, monkeypatch):
    """And nothing else after the next writing."""
    seen, k = set(), 0
    while "newer, to the end" not in seen:
        path = tmp_path / str(k) / "a.txt"
        path.parent.mkdir()
        write(path, "older")
        with monkeypatch.context() as patch:
            kill_at(patch, k)
            try:
                write(path, "newer")
                seen.add("newer, to the end")
            except Killed:
                seen.add(path.read_text())
        write(path, "newest")
        assert [each.read_text() for each in path.parent.iterdir()] == ["newest"]
        k += 1
    assert seen == {"older", "newer", "newer, to the end"}


def test_a_writer_that_lives_is_left_alone(tmp_path):
    """Two writers of one file: none deletes what the other has begun, and the last one wins."""
    path = tmp_path / "a.txt"
    with replacing(path) as first:
        first.write_text("first")
        with replacing(path) as second:
            second.write_text("second")
        assert path.read_text() == "second"
        assert first.exists()
    assert path.read_text() == "first"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


HOLDING = """
import sys
from pathlib import Path
from barter_bt.files import temporary
with temporary(Path(sys.argv[1]), directory=True) as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_what_another_process_writes_is_left_alone_until_it_ends(tmp_path):
    """A directory, locked by the process that fills it."""
    root = Path(__file__).parents[1]
    command = [sys.executable, "-c", HOLDING, str(tmp_path / "run")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(root)}, **pipes) as other:
        held = Path(other.stdout.readline().strip())
        with temporary(tmp_path / "run", directory=True):
            assert held.exists()
        other.kill()
        other.wait()
        assert held.exists()
    with temporary(tmp_path / "run", directory=True):
        assert not held.exists()


def test_only_what_a_writer_of_that_file_left_is_deleted(tmp_path):
    """Not what is another's, however alike the name."""
    others = [".a.txt.writing", ".a.txt.0123abcde.writing", ".b.txt.0123abcd.writing", "a.txt.0123abcd.writing"]
    for name in [*others, LEFT, ".a.txt.0123abcd.replaced"]:
        (tmp_path / name).touch()
    write(tmp_path / "a.txt", "whole")
    assert {each.name for each in tmp_path.iterdir()} == {*others, "a.txt", ".a.txt.0123abcd.replaced"}
    write(tmp_path / "a.txt", "whole")
    assert {each.name for each in tmp_path.iterdir()} == {*others, "a.txt"}


def test_without_locks_what_is_a_day_old_counts_as_left(tmp_path, monkeypatch):
    """On Windows, and on drives without locks."""
    monkeypatch.setattr(files, "fcntl", None)
    old, new = tmp_path / LEFT, tmp_path / LEFT.replace("0", "1")
    old.touch()
    new.touch()
    os.utime(old, (time.time() - 90_000,) * 2)
    write(tmp_path / "a.txt", "whole")
    assert {each.name for each in tmp_path.iterdir()} == {"a.txt", new.name}


@pytest.mark.skipif(files.fcntl is None, reason="needs locks")
def test_a_drive_that_refuses_locks_is_one_without(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(files.fcntl, "flock", refuse)
    write(tmp_path / "a.txt", "whole")
    assert [each.read_text() for each in tmp_path.iterdir()] == ["whole"]


@pytest.mark.parametrize("exchanges", [True, False])
def test_a_directory_takes_the_place_of_another(tmp_path, monkeypatch, exchanges):
    """In one step or in two, nothing is left."""
    if not exchanges:
        monkeypatch.setattr(files, "_exchange", lambda *_: False)
    for text in ("one", "two"):
        with temporary(tmp_path / "a", directory=True) as folder:
            (folder / text).touch()
            put_directory(folder, tmp_path / "a")
        assert [each.relative_to(tmp_path).as_posix() for each in tmp_path.rglob("*")] == ["a", f"a/{text}"]
    assert set_aside(tmp_path / "a") is None


@pytest.mark.skipif(sys.platform != "linux", reason="a call of Linux")
def test_two_names_are_exchanged_in_one_step(tmp_path):
    """Also where an older directory is not empty; what is not there cannot be exchanged."""
    one, other = tmp_path / "one", tmp_path / "other"
    for path in (one, other):
        path.mkdir()
        (path / f"was_{path.name}").touch()
    assert files._exchange(one, other)
    assert (one / "was_other").exists()
    assert (other / "was_one").exists()
    assert not files._exchange(one, tmp_path / "nothing")


def test_a_link_and_a_mode_stay(tmp_path):
    """What is written through a link goes where it points."""
    (tmp_path / "there").write_text("older")
    (tmp_path / "there").chmod(0o600)
    (tmp_path / "link").symlink_to(tmp_path / "there")
    write(tmp_path / "link", "newer")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there").read_text() == "newer"
    assert stat.S_IMODE((tmp_path / "there").stat().st_mode) == 0o600


def test_where_nothing_can_be_written_is_an_error(tmp_path):
    """No such directory; a directory in the file's place; a path below a file."""
    (tmp_path / "a.txt").touch()
    for path in (tmp_path / "no" / "a.txt", tmp_path, tmp_path / "a.txt" / "b.txt"):
        with pytest.raises(ConfigError, match="cannot be written"), replacing(path):
            pass
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="a device of POSIX")
def test_a_device_is_written_to_and_never_replaced():
    write(Path("/dev/null"), "gone")
    assert not Path("/dev/null").is_file()
