"""What makes a directory a run: a manifest that knows every other file by its checksum, and itself."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from barter_bt.data.source import file_sha256
from barter_bt.errors import ConfigError

FORMAT: Final = "barter_bt run 2"
_ANY_FORMAT: Final = "barter_bt run "
_AGAIN: Final = "take it from a copy, or make the run again"


def seal(manifest: dict[str, Any], files: Iterable[Path]) -> dict[str, Any]:
    """The manifest with size and checksum of each file, and a checksum of its own."""
    sums = {file.name: {"bytes": file.stat().st_size, "sha256": file_sha256(file)} for file in files}
    whole = manifest | {"files": sums}
    return whole | {"sha256": _sha256(whole)}


def load(directory: Path) -> dict[str, Any]:
    """The manifest of a run whose files are all there.

    Raises
    ------
    ConfigError
        The directory is no run, of another format, or files are missing, cut or changed.
    """
    manifest = _content(directory)
    if manifest is None:
        raise ConfigError(
            f"{directory} is not a run directory: it has no manifest.json of format {FORMAT!r}",
            "run directories are written by `barter-bt backtest` and `result.save`",
        )
    if manifest["format"] != FORMAT:
        raise ConfigError(
            f"{directory} is a run of format {manifest['format']!r}; this version reads {FORMAT!r}",
            "make the run again with this version",
        )
    if manifest.pop("sha256", None) != _sha256(manifest):
        raise ConfigError(f"run {directory}: manifest.json is not as it was written, its checksum differs", _AGAIN)
    with os.scandir(directory) as there:
        sizes = {file.name: file.stat().st_size for file in there if file.is_file()}
    for name, about in manifest["files"].items():
        if name not in sizes:
            raise ConfigError(f"run {directory}: file {name} is missing", _AGAIN)
        if sizes[name] != about["bytes"]:
            raise ConfigError(
                f"run {directory}: {name} has {sizes[name]:,} bytes, the manifest says {about['bytes']:,}: "
                "it is cut, or of another run",
                _AGAIN,
            )
    return manifest


def check(directory: Path, name: str, manifest: dict[str, Any]) -> Path:
    """A file of a run, after a look at its checksum.

    Raises
    ------
    ConfigError
        It is not the file that was written with the manifest.
    """
    path = directory / name
    try:
        found = file_sha256(path)
    except OSError as error:
        raise ConfigError(f"run {directory}: {name} cannot be read: {error}", _AGAIN) from None
    if found != manifest["files"][name]["sha256"]:
        raise ConfigError(
            f"run {directory}: {name} is damaged or of another run, its checksum is not that of the manifest",
            "if the run was saved anew meanwhile, read it again; else take the file from a copy",
        )
    return path


def is_run(directory: Path) -> bool:
    """Tell whether a directory holds a run, of this format or an earlier one."""
    return _content(directory) is not None


def _content(directory: Path) -> dict[str, Any] | None:
    """What stands in the manifest of a run of any format."""
    try:
        content = json.loads((directory / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    is_one = isinstance(content, dict) and str(content.get("format")).startswith(_ANY_FORMAT)
    return content if is_one else None


def _sha256(manifest: dict[str, Any]) -> str:
    """Of the values, whatever the spaces between them."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
