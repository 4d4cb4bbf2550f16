"""Checksums of rows: what a manifest says of them."""

from __future__ import annotations

import hashlib

from barter_bt.data.rows import Rows
from barter_bt.data.schema import SCHEMAS
from barter_bt.data.validate import chunks_of


def fingerprint(stream: Rows) -> dict[str, object]:
    """Source, rows, times and SHA-256: of the files' bytes, or of the canonical columns if one is a frame."""
    sums = [(source.label, source.sha256()) for source, _ in stream.given]  # two files may have one name
    files = [text for _, text in sums if text is not None]
    if len(files) < len(sums):
        whole = columns_sha256(stream)
    else:
        whole = files[0] if len(files) == 1 else hashlib.sha256("\n".join(files).encode()).hexdigest()
    first, last = stream.time_range() if stream.rows else (None, None)
    found: dict[str, object] = {"source": stream.name, "kind": stream.kind, "rows": stream.rows}
    found |= {"time_first": first, "time_last": last, "sha256": whole}
    if len(sums) > 1:
        found["files"] = dict(sums)
    if stream.clock_offset is not None:
        found["clock_offset_ns"] = stream.clock_offset_ns
    if stream.repair is not None:
        found["repairs"] = stream.repairs
    return found


def own_sha256(stream: Rows, name: str) -> str | None:
    """SHA-256 of a column of the user's own as strategies read it; None if the stream has none of this name."""
    if name not in stream.extra:
        return None
    codes = {each: code for code, each in enumerate(stream.instruments)}
    whole = hashlib.sha256()
    for chunk in chunks_of(stream, codes, [name]):
        assert chunk.own is not None, "it was asked for"
        whole.update(chunk.own.astype("<f8", copy=False).data)
    return whole.hexdigest()


def columns_sha256(stream: Rows) -> str:
    """SHA-256 of the canonical columns, little-endian, whatever the chunks and the type of the instrument column."""
    codes = {name: code for code, name in enumerate(stream.instruments)}
    hashes = {name: hashlib.sha256() for name in SCHEMAS[stream.kind].names}
    for chunk in chunks_of(stream, codes):
        for name, values in chunk.columns.items():
            hashes[name].update(values.astype(values.dtype.newbyteorder("<"), copy=False).data)
    whole = hashlib.sha256("\n".join(codes).encode())
    for name, column in hashes.items():
        whole.update(f"\n{name}:{column.hexdigest()}".encode())
    return whole.hexdigest()
