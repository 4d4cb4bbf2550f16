"""Picture and page of the quality of data: everything that was found is there, nothing is loaded from elsewhere."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.data import Quality, Repair, book, candles, generate, quality, trades
from barter_bt.errors import ConfigError
from barter_bt.report import plot_quality, write_quality
from barter_bt.report.findings import findings_in_time


def gappy(*missing: int) -> Quality:
    rows = generate.candles(200)
    return quality(candles(rows.filter(~pl.int_range(200).is_in(missing))))


@settings(max_examples=20)
@given(st.sets(st.integers(1, 198), max_size=9), st.integers(1, 50))
def test_each_finding_is_in_one_part_of_the_time(missing, parts):
    found = gappy(*missing)
    edges, counts = findings_in_time(found, parts)
    assert len(edges) == parts + 1
    assert sum(each.sum() for each in counts.values()) == found.rows.height
    if missing:
        times = found.rows["time"].to_physical().to_numpy()
        expected, _ = np.histogram(times, edges)
        assert counts["candles", "gap"].tolist() == expected.tolist()


def test_the_picture_has_a_line_for_each_check():
    axes = plot_quality(gappy(40, 41, 90))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["candles: gap (2)"]
    assert axes.get_title(loc="right") == "2 findings in 197 rows"
    (mesh,) = axes.collections[:1]
    assert np.count_nonzero(~np.ma.getmaskarray(mesh.get_array())) == 2


@pytest.mark.parametrize("style", ["light", "dark"])
def test_a_picture_of_nothing(style):
    axes = plot_quality(gappy(), style=style)
    assert axes.get_title(loc="right") == "0 findings in 200 rows"
    assert not axes.collections
    assert not plot_quality(quality(trades(generate.trades(0)))).collections


def test_the_page_has_everything_and_loads_nothing(tmp_path):
    found = gappy(40, 41, 90)
    page = write_quality(found, tmp_path / "page.html", title="Candles <b>").read_text()
    assert "Candles &lt;b&gt;" in page
    assert not re.findall(r"(?:src|href)=\"(?!data:,)", page)
    assert "http" not in page
    assert page.count("<rect") == 2
    assert "candles: gap (2)" in page
    assert page.count("<td>gap</td>") == 1, "what was looked for names each check once"
    for name, value in found.limits.items():
        assert f"{name} {value}" in page
    for what in found.looks["what"].unique():
        assert what.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;") in page
    assert 'data-key="40"' in page
    assert 'content="width=device-width' in page
    assert "@media print" in page


def test_the_page_tells_what_was_repaired_and_what_was_not_looked_for(tmp_path):
    bad = generate.market(20).book.with_columns(
        price=pl.when(pl.int_range(pl.len()) == 30).then(-1.0).otherwise("price")
    )
    page = write_quality(quality(book(bad)), tmp_path / "book.html").read_text()
    assert "Not looked for: crossed." in page
    mended = quality(trades(generate.trades(50).reverse(), repair=Repair(sort=True)))
    assert "sorted: 49 row(s) were repaired" in write_quality(mended, tmp_path / "trades.html").read_text()


def test_a_page_of_no_rows(tmp_path):
    page = write_quality(quality(trades(generate.trades(0))), tmp_path / "none.html").read_text()
    assert "no rows" in page
    assert "<rect" not in page


def test_a_page_is_html(tmp_path):
    with pytest.raises(ConfigError, match=r"its name must end in \.html"):
        write_quality(gappy(), tmp_path / "page.pdf")
    with pytest.raises(ConfigError, match="does not exist"):
        write_quality(gappy(), tmp_path / "nowhere" / "page.html")
    with pytest.raises(ConfigError, match="style is 'blue'"):
        write_quality(gappy(), tmp_path / "page.html", style="blue")
