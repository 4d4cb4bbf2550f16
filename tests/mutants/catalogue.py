"""The kept list of mutants: small wrong changes of the package, each with the tests that must notice it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "barter_bt"
LISTS = Path(__file__).parent / "lists"


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Parameters
    ----------
    number
        Place in the whole list, from 1.
    file
        Path below the package.
    old, new
        What stands there exactly once, and what takes its place.
    breaks
        What is wrong then, as a reader of the rules would say it.
    tests
        Arguments of pytest, paths below ``tests``; together they must fail.
    survives
        Why no test can tell, where none can: the change is equivalent. Empty for all others.
    """

    number: int
    file: str
    old: str
    new: str
    breaks: str
    tests: tuple[str, ...]
    survives: str = ""

    def arguments(self) -> list[str]:
        """Of pytest, from the project's root."""
        return [f"tests/{test}" if "/" in test else test for test in self.tests]

    def applied(self, source: str) -> str:
        """The source with the change.

        Raises
        ------
        ValueError
            The list is out of step: what is to be changed is not there exactly once.
        """
        found = source.count(self.old)
        if found != 1:
            raise ValueError(f"{self.file} has {found} times what it must have once: {self.old!r} ({self.breaks})")
        return source.replace(self.old, self.new)


def catalogue() -> list[Mutant]:
    """Every mutant, list by list."""
    found: list[Mutant] = []
    for path in sorted(LISTS.glob("*.toml")):
        for module in tomllib.loads(path.read_text("utf-8"))["module"]:
            for one in module["mutant"]:
                tests = tuple(one.get("tests", module["tests"]))
                fields = {name: one[name] for name in ("old", "new", "breaks")}
                found.append(
                    Mutant(len(found) + 1, module["file"], tests=tests, survives=one.get("survives", ""), **fields)
                )
    return found
