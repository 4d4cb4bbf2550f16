"""Make each mutant of the list and see whether its tests notice: ``make mutants``.

It works on copies in a temporary directory, interpreted. A mutant is killed by a test that fails with it, or by tests
that take far too long; in the end the tests that killed are run once without any change, and must pass. A survivor
needs a test, or a reason in the list why it changes nothing (``survives``). A mutant with such a reason that is killed
is an error too, as is a change that does not find its place any more.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.catalogue import PACKAGE, ROOT, Mutant, catalogue

PYTEST = (
    "-m",
    "pytest",
    "-q",
    "-n0",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:randomly",
    "-p",
    "tests.mutants.interpreted",
    "--hypothesis-seed=0",
)
PASSED, FAILED = 0, 1  # what pytest returns
KILLED, EXPLAINED, SURVIVED = "killed", "survives as explained", "SURVIVED"
_SECONDS = 300
_COPIED = (PACKAGE.name, "tests")


class Copy:
    """A copy of the project in which one mutant at a time is made."""

    def __init__(self, directory: Path) -> None:
        self._root = directory
        directory.mkdir()
        for entry in ROOT.iterdir():
            if entry.name in _COPIED:
                shutil.copytree(entry, directory / entry.name, ignore=shutil.ignore_patterns("__pycache__"))
            elif not entry.name.startswith("."):
                (directory / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())

    def read(self, file: str) -> str:
        """The source of a file of the package as it is in the copy."""
        return (self._root / PACKAGE.name / file).read_text("utf-8")

    def write(self, file: str, source: str) -> None:
        """Put a source into the copy; what was compiled of the one before is not taken for it."""
        path = self._root / PACKAGE.name / file
        path.write_text(source, "utf-8")
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            compiled.unlink()

    def test(self, tests: Iterable[str], seconds: float | None = None) -> tuple[int | None, list[str], str]:
        """Exit code of pytest (None: it took too long), the tests that failed, and the last line that it printed."""
        environment = os.environ | {"PYTHONPATH": str(self._root), "BARTER_BT_INTERPRET": "1"}
        process = subprocess.Popen(
            [sys.executable, *PYTEST, *tests],
            cwd=self._root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            printed, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with what it started
            process.communicate()
            return None, [], f"no end after {seconds:.0f} s"
        lines = printed.splitlines() or [""]
        failed = [line.removeprefix("FAILED ").partition(" - ")[0] for line in lines if line.startswith("FAILED ")]
        return process.returncode, failed, lines[-1]


class Runner:
    """Tries mutants, several at a time, each in a copy of its own.

    Parameters
    ----------
    directory
        Where the copies are made.
    jobs
        How many.
    seconds
        What takes longer is killed.
    """

    def __init__(self, directory: Path, jobs: int, seconds: float) -> None:
        self._seconds = seconds
        self._copies: SimpleQueue[Copy] = SimpleQueue()
        for number in range(jobs):
            self._copies.put(Copy(directory / f"copy{number}"))

    def attempt(self, mutant: Mutant) -> tuple[Mutant, int | None, str, float]:
        """The mutant, exit code of its tests, which failed first or what they say, and how long they took."""
        copy, start = self._copies.get(), time.monotonic()
        source = copy.read(mutant.file)
        try:
            copy.write(mutant.file, mutant.applied(source))
            code, failed, told = copy.test(["-x", *mutant.arguments()], self._seconds)
        finally:
            copy.write(mutant.file, source)
            self._copies.put(copy)
        return mutant, code, failed[0] if failed else told, time.monotonic() - start

    def unsound(self, tests: Iterable[str]) -> set[str]:
        """Those of the tests that do not pass without any change."""
        asked = sorted(set(tests))
        copy = self._copies.get()
        code, failed, _ = copy.test(asked) if asked else (PASSED, [], "")
        self._copies.put(copy)
        return set() if code == PASSED else set(failed) if code == FAILED else set(asked)


def verdict(mutant: Mutant, code: int | None) -> tuple[str, bool]:
    """What became of a mutant, and whether that is well."""
    if code == PASSED:
        return (EXPLAINED, True) if mutant.survives else (SURVIVED, False)
    if code not in (FAILED, None):
        return f"NOT TESTED ({code})", False
    return ("KILLED, though the list says that it cannot be", False) if mutant.survives else (KILLED, True)


def main() -> int:
    """Run the list; 0 if all is as it says."""
    options = _options()
    chosen = [m for m in catalogue() if options.only in f"{m.file} {m.breaks}"]
    chosen = [m for m in chosen if not options.number or m.number in options.number]
    for mutant in chosen:
        mutant.applied((PACKAGE / mutant.file).read_text("utf-8"))  # before anything is run
    began, words, killers, wrong = time.monotonic(), Counter[str](), dict[int, str](), list[str]()
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(options.jobs) as pool:
        runner = Runner(Path(directory), options.jobs, options.seconds)
        for mutant, code, told, seconds in pool.map(runner.attempt, chosen):
            word, well = verdict(mutant, code)
            words[word] += 1
            if code == FAILED:
                killers[mutant.number] = told
            line = f"{mutant.number:4} {word} ({seconds:.0f} s): {mutant.file}: {mutant.breaks} | {told}"
            print(line, flush=True)
            if not well:
                wrong.append(line)
        unsound = runner.unsound(killers.values())
    wrong += [f"{number:4} not by its change: {test}" for number, test in killers.items() if test in unsound]
    print(f"{len(chosen)} mutants in {time.monotonic() - began:.0f} s: {words[KILLED]} killed,", end=" ")
    print(f"{words[EXPLAINED]} survive as explained, {words[SURVIVED]} survive; {len(wrong)} not as they should be")
    print("".join(f"{line}\n" for line in wrong), end="")
    return 1 if wrong or not chosen else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("number", nargs="*", type=int, help="only the mutants of these numbers")
    parser.add_argument("--only", default="", help="only mutants in whose file or description this stands")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    parser.add_argument("--seconds", type=float, default=_SECONDS, help="what takes longer counts as killed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
