"""Whether a catalog is what its manifest says."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import polars as pl

from barter_bt.data.catalog.kinds import layout_of
from barter_bt.data.catalog.manifest import NAME, Entry, read_manifest, read_pending
from barter_bt.data.source import file_sha256


def problems(root: Path) -> tuple[str, ...]:
    """Hold every file against the manifest: what is not as it was, in words; nothing is changed."""
    if not (root / NAME).is_file():
        return (f"there is no {NAME} in {root}: no import was ever finished there",)
    files = read_manifest(root).files
    found = [problem for entry in files for problem in _of(root, entry)]
    listed = {entry.path for entry in files}
    pending = set(read_pending(root))
    there = {path.relative_to(root).as_posix() for path in root.glob("kind=*/exchange=*/instrument=*/date=*/*.parquet")}
    for path in sorted(there - listed):
        why = "left by an import that was interrupted; the next import removes it" if path in pending else "no import's"
        found.append(f"{path}: is not in the manifest: {why}")
    for one, other in pairwise(files):
        if one.key == other.key and other.time_first <= one.time_last:
            found.append(f"{other.path}: its times overlap with those of {one.path}")
    return tuple(found)


def _of(root: Path, entry: Entry) -> list[str]:
    path = root / entry.path
    if not path.is_file():
        return [f"{entry.path}: is missing"]
    if path.stat().st_size != entry.bytes or file_sha256(path) != entry.sha256:
        return [f"{entry.path}: its bytes are not those that were written"]
    name = layout_of(entry.kind).at
    times = pl.read_parquet(path, columns=[name], hive_partitioning=False)[name].to_physical()
    told = (entry.rows, entry.time_first, entry.time_last)
    is_so = times.len() == entry.rows and (int(times[0]), int(times[-1])) == told[1:]
    return [] if is_so else [f"{entry.path}: its rows and times are not those of the manifest, {told}"]
