"""Make each mutant of the list and see whether its tests notice: ``make mutants``.

It works on copies in a temporary directory, interpreted. First the tests are run on the package as it is: they prove
nothing unless they pass there. Every mutant must then be killed (a test fails or takes far too long); a survivor needs
a test, or a reason in the list why it changes nothing (``survives``). A mutant with such a reason that is killed is
an error too, as is a change that does not find its place any more.
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
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.catalogue import PACKAGE, ROOT, Mutant, catalogue

PYTEST = ("-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", "-p", "no:randomly", "--hypothesis-seed=0")
PASSED, FAILED = 0, 1  # what pytest returns; anything else is neither
_SECONDS = 600
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

    def write(self, file: str, source: str) -> None:
        """Put a source into the copy; what was compiled of the one before is not taken for it."""
        path = self._root / PACKAGE.name / file
        path.write_text(source, "utf-8")
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            compiled.unlink()

    def test(self, tests: Iterable[str], seconds: float) -> tuple[int | None, str]:
        """Exit code of pytest (None: it took too long) and the end of what it printed."""
        paths = [test if test.startswith("-") or "/" not in test else f"tests/{test}" for test in tests]
        environment = os.environ | {"PYTHONPATH": str(self._root), "BARTER_BT_INTERPRET": "1"}
        process = subprocess.Popen(
            [sys.executable, *PYTEST, *paths],
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
            return None, f"no end after {seconds:.0f} s"
        lines = [line for line in printed.splitlines() if line.startswith(("FAILED", "ERROR", "E  "))]
        return process.returncode, (lines or printed.splitlines() or [""])[-1]


def verdict(mutant: Mutant, code: int | None) -> tuple[str, bool]:
    """What became of a mutant, and whether that is well."""
    if code == PASSED:
        return ("survives as explained", True) if mutant.survives else ("SURVIVED", False)
    if code not in (FAILED, None):
        return f"NOT TESTED: pytest ended with {code}", False
    return ("KILLED, though the list says that it cannot be", False) if mutant.survives else ("killed", True)


def main() -> int:
    """Run the list; 0 if all is as it says."""
    options = _options()
    chosen = [m for m in catalogue() if options.only in f"{m.number} {m.file} {m.breaks}"]
    chosen = [m for m in chosen if not options.number or m.number in options.number]
    sources = {m.file: (PACKAGE / m.file).read_text("utf-8") for m in chosen}
    changed = {m.number: m.applied(sources[m.file]) for m in chosen}
    began, wrong = time.monotonic(), []
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(options.jobs) as pool:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for number in range(options.jobs):
            copies.put(Copy(Path(temporary) / f"copy{number}"))

        def unchanged(tests: tuple[str, ...]) -> tuple[int | None, str]:
            copy = copies.get()
            try:
                return copy.test(tests, _SECONDS)
            finally:
                copies.put(copy)

        def run(mutant: Mutant) -> tuple[Mutant, int | None, str, float]:
            copy, start = copies.get(), time.monotonic()
            try:
                copy.write(mutant.file, changed[mutant.number])
                code, told = copy.test(mutant.tests, options.seconds)
            finally:
                copy.write(mutant.file, sources[mutant.file])
                copies.put(copy)
            return mutant, code, told, time.monotonic() - start

        selections = [] if options.trust else list(dict.fromkeys(m.tests for m in chosen))
        for tests, (code, told) in zip(selections, pool.map(unchanged, selections), strict=True):
            if code != PASSED:
                print(f"NOT AS IT SHOULD BE without any change: {' '.join(tests)}: {told}", flush=True)
                wrong.append(" ".join(tests))
                chosen = [mutant for mutant in chosen if mutant.tests != tests]
        for mutant, code, told, seconds in pool.map(run, chosen):
            word, well = verdict(mutant, code)
            print(f"{mutant.number:4} {word} ({seconds:.0f} s): {mutant.file}: {mutant.breaks} | {told}", flush=True)
            if not well:
                wrong.append(f"{mutant.number} {mutant.file}: {mutant.breaks}")
    print(f"{len(chosen)} mutants in {time.monotonic() - began:.0f} s, {len(wrong)} not as they should be")
    for line in wrong:
        print(f"  {line}")
    return 1 if wrong or not chosen else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("number", nargs="*", type=int, help="only the mutants of these numbers")
    parser.add_argument("--only", default="", help="only mutants in whose number, file or description this stands")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    parser.add_argument("--seconds", type=float, default=_SECONDS, help="what takes longer counts as killed")
    parser.add_argument("--trust", action="store_true", help="do not try the tests without a change first")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
