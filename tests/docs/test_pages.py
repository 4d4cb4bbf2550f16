"""The pages: those that programs write are what these write, all are in the menu, all names in them are there."""

import re
import runpy

import pytest

from docs import __main__ as build
from docs import written
from docs.names import misspelt
from tests.docs.blocks import ROOT

DOCS = ROOT / "docs"
MENU = re.findall(r"[\w./]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8").partition("nav:")[2].partition("\n\n")[0])


def test_the_page_of_figures_is_up_to_date():
    page = runpy.run_path(str(DOCS / "metrics.py"))["text"]()
    assert (DOCS / "metrics.md").read_text("utf-8") == page, "run `python docs/metrics.py`"


def test_every_page_is_in_the_menu():
    """But for decisions, which the page of decisions lists."""
    pages = {str(page.relative_to(DOCS)) for page in build.sources() if page.parent.name != "decisions"}
    assert pages == {page for page in MENU if not page.startswith("reference/")}
    listed = written.decisions()
    assert all(f"(../decisions/{page.name})" in listed for page in (DOCS / "decisions").glob("*.md"))


def test_names_that_pages_mention_are_there():
    assert list(build.misspelt_names()) == []
    assert misspelt("see `bt.bactest(data)`, `barter_bt.data.candels` and `bt.Result.trades`") == [
        "bt.bactest",
        "barter_bt.data.candels",
    ]


def test_terms_of_the_glossary_stand_once_and_in_order():
    terms = re.findall(r"^(.+)\n:   ", (DOCS / "glossary.md").read_text("utf-8"), re.MULTILINE)
    assert len(terms) > 60
    assert terms == sorted(set(terms), key=str.lower)


def test_commands_and_keys_of_the_program_are_on_their_pages():
    text = written.command_line()
    assert "### barter-bt data check\n" in text
    assert "barter-bt backtest [OPTIONS] CONFIG" in text
    assert "| `price_increment` | number or text |" in written.configuration()
    assert (
        "## binance_spot_trades { #binance_spot_trades }\n\nBecomes trades. Columns: `id,price,qty,"
        in written.importers()
    )
    assert "| `working` | signed lots that live orders have not filled |" in written.state()


@pytest.mark.parametrize(
    "part",
    [
        '<script async src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/css">',
        "<img alt='' src='http://example.org/x.png'>",
        "<style>@import url(https://fonts.example/css);</style>",
        "<style>body { background: url('https://example.org/x.png') }</style>",
    ],
)
def test_what_a_built_page_would_load_from_elsewhere_is_found(part, tmp_path):
    (tmp_path / "good.html").write_text('<a href="https://example.org">x</a><img src="x.png"><link href="x.css">')
    assert list(build.loaded_from_outside(tmp_path)) == []
    (tmp_path / "bad.html").write_text(part)
    assert [file for file, _ in build.loaded_from_outside(tmp_path)] == ["bad.html"]
