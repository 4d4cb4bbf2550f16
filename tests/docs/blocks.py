"""Blocks of code in pages of Markdown, and running those of one page as a reader would, from top to bottom.

Blocks of Python share their names, but for those of README.md, which are each copied alone. A block with a title
(`python title="my_strategy.py"`, `toml title="run.toml"`) is a file of that name, there from the start. `sh` is run by
bash, but for commands that set an environment up. `text` is what the block above it prints, or a part of it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from barter_bt.columns.cache import cache_directory

ROOT = Path(__file__).parents[2]
LANGUAGES = {"python", "sh", "toml", "text", "json"}
_FENCE = re.compile(r'^```(\w*)(?: title="([\w.]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_SETUP = re.compile(r"^(?:make|pip|\S*python -m (?:venv|pip)|\S*/pip) .*\n?", re.MULTILINE)
_END = "\x1e\n"
_RUN = f"""
import json, subprocess, sys
names = {{"__name__": "__main__"}}
for where, language, body in json.load(sys.stdin):
    if language == "sh":
        subprocess.run(["bash", "-euc", body], check=True)
    else:
        exec(compile(body, where, "exec"), dict(names) if where.startswith("README.md") else names)
    print({_END!r}, end="", flush=True)
"""


@dataclass(frozen=True)
class Block:
    """A block of a page, with the name of the file that it is, if it is one."""

    where: str
    language: str
    title: str
    body: str

    @property
    def is_run(self) -> bool:
        return not self.title and self.language in ("python", "sh")

    @property
    def code(self) -> str:
        """What of it is run."""
        return _SETUP.sub("", self.body) if self.language == "sh" else self.body


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    found = enumerate(_FENCE.findall(page.read_text("utf-8")), 1)
    return [Block(f"{page.relative_to(ROOT)}, block {number}", *one) for number, one in found]


def run(blocks: list[Block], directory: Path) -> dict[str, str]:
    """Run blocks in a directory; what each printed, by where it stands.

    Raises
    ------
    AssertionError
        One of them failed, or warned.
    """
    for block in blocks:
        if block.title:
            (directory / block.title).write_text(block.body, "utf-8")
    asked = [(block.where, block.language, block.code) for block in blocks if block.is_run]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _RUN],
        input=json.dumps(asked),
        cwd=directory,
        env=_environment(directory),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip([where for where, *_ in asked], done.stdout.split(_END), strict=False))


def _environment(directory: Path) -> dict[str, str]:
    """Nothing of the user's, but for compiled code, which is kept by its content."""
    return {
        "PYTHONPATH": str(ROOT),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "HOME": str(directory),
        "MPLCONFIGDIR": str(directory),
        "BARTER_BT_CACHE": str(cache_directory()),
        "BARTER_BT_COMPILE_JOBS": "0",
        "BARTER_BT_INTERPRET": os.environ.get("BARTER_BT_INTERPRET", ""),
    }
