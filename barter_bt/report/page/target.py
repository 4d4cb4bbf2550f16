"""The file that a page is written to."""

from __future__ import annotations

from pathlib import Path

from barter_bt.errors import ConfigError


def page_target(path: str | Path) -> Path:
    """The path, if a page can be written there: asked before all the work.

    Raises
    ------
    ConfigError
        Its directory does not exist, or its name does not end in .html.

    Examples
    --------
    >>> page_target("page.html").name
    'page.html'
    """
    target = Path(path)
    if not target.absolute().parent.is_dir():
        raise ConfigError(f"{target} cannot be written: directory {target.parent} does not exist")
    if target.suffix not in (".html", ".htm"):
        raise ConfigError(f"{target} is a page in HTML; its name must end in .html", "a picture is made by plot")
    return target
