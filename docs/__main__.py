"""Write the pages that programs write, build the site, and look at it: ``python -m docs``."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from docs import api, written
from docs.names import misspelt

ROOT = Path(__file__).parents[1]
DOCS, SITE = ROOT / "docs", ROOT / "build" / "docs"
REFERENCE = DOCS / "reference"
_OUTSIDE = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\bsrc=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b(?![^>]*\brel=["']?(?:canonical|next|prev|edit)\b)[^>]*?\bhref=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|@import\s+(?:url\()?["']?((?:https?:)?//[^"'\s)]+)|url\(["']?((?:https?:)?//[^"'\s)]+)"""
)


def main() -> int:
    """Build everything; 1 if anything is wrong, which is told on stderr."""
    write_reference()
    wrong = [f"{page.relative_to(ROOT)}: {name} is not there" for page, name in misspelt_names()]
    shutil.rmtree(SITE, ignore_errors=True)
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    built = subprocess.run(command, cwd=ROOT, check=False)
    if built.returncode == 0:
        wrong += [f"{page}: it loads {address}" for page, address in loaded_from_outside(SITE)]
    for line in wrong:
        print(f"error: {line}", file=sys.stderr)
    if wrong or built.returncode:
        return 1
    print(f"open {SITE / 'index.html'}")
    return 0


def misspelt_names() -> Iterator[tuple[Path, str]]:
    """Pages that mention names of the package which are not there, and the names."""
    for page in sources():
        for name in misspelt(page.read_text("utf-8")):
            yield page, name


def sources() -> list[Path]:
    """The pages that people write."""
    return [page for page in sorted(DOCS.rglob("*.md")) if REFERENCE not in page.parents]


def write_reference() -> None:
    """Write ``docs/reference``, which is not kept."""
    shutil.rmtree(REFERENCE, ignore_errors=True)
    (REFERENCE / "api").mkdir(parents=True)
    for name, text in written.pages().items():
        (REFERENCE / name).write_text(text, "utf-8")
    for name, text in api.pages().items():
        (REFERENCE / "api" / name).write_text(text, "utf-8")


def loaded_from_outside(site: Path) -> Iterator[tuple[str, str]]:
    """What built pages and styles would load from another host: the file and the address."""
    for file in sorted(site.rglob("*")):
        if file.suffix in (".html", ".css"):
            for found in _OUTSIDE.finditer(file.read_text("utf-8")):
                yield str(file.relative_to(site)), next(filter(None, found.groups()))


if __name__ == "__main__":
    raise SystemExit(main())
