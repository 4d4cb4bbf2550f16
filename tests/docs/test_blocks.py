"""The blocks of code in README.md and in the documentation run as they stand, and print what the pages say."""

import json
import re
from itertools import pairwise

import pytest

from tests.docs.blocks import LANGUAGES, ROOT, blocks_of, run

README = ROOT / "README.md"
PAGES = [README, *(p for p in sorted((ROOT / "docs").rglob("*.md")) if "reference" not in p.parts)]
RUN = [page for page in PAGES[1:] if any(block.is_run for block in blocks_of(page))]


def name(page):
    return str(page.relative_to(ROOT))


def test_the_first_example_fits_in_fifteen_lines():
    assert len(next(b for b in blocks_of(README) if b.language == "python").body.splitlines()) <= 15


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_is_of_a_kind_that_is_looked_at(page):
    """Languages that the runner knows, files each with a name of its own, no fence that it would overlook."""
    blocks = blocks_of(page)
    fences = len(re.findall(r"^\s*(?:```|~~~)", page.read_text("utf-8"), re.MULTILINE))
    assert fences == 2 * len(blocks)
    assert {block.language for block in blocks} <= LANGUAGES
    titles = [block.title for block in blocks if block.title]
    assert len(set(titles)) == len(titles)
    assert all(block.title for block in blocks if block.language == "toml")


@pytest.mark.parametrize("page", RUN, ids=name)
def test_the_blocks_of_a_page_run(page, tmp_path):
    """In order, without a warning; what a page says that they print is what they print."""
    printed_as_said(page, tmp_path)


def test_the_blocks_of_the_readme_run_and_its_first_example_rejects_and_cuts_no_order(tmp_path):
    """It sells one stock to buy another at the same open, with fees, in a cash account."""
    printed = printed_as_said(README, tmp_path)
    first = printed[next(b for b in blocks_of(README) if b.language == "python").where]
    assert re.search(r"Orders filled +[\d,]{5,}$", first, re.MULTILINE)
    assert re.search(r"Orders rejected +0$", first, re.MULTILINE)
    assert not re.search(r"rejected by|were cut", first)


def printed_as_said(page, directory):
    """What each block of a page printed, by where it stands."""
    blocks = blocks_of(page)
    put_answers(directory / "files", "\n".join(block.body for block in blocks))
    printed = run(blocks, directory)
    for above, block in pairwise(blocks):
        if block.language == "text" and above.is_run:
            assert block.body in printed[above.where], f"{above.where} prints\n{printed[above.where]}"
    return printed


def put_answers(folder, code):
    """Let a page have the files of importers' answers that it names."""
    folder.mkdir()
    for path in sorted((ROOT / "tests" / "data" / "importers").glob("*.json")):
        answers = json.loads(path.read_text("utf-8"))
        if f'"{path.stem}", files' in code or f'"{path.stem}", "files/' in code:
            (folder / answers["file"]).write_text("\n".join(answers["lines"]), "utf-8")


def test_a_block_that_fails_is_noticed(tmp_path):
    python = next(b for b in blocks_of(README) if b.language == "python")
    with pytest.raises(AssertionError, match="block 2.*line 1"):
        run([type(python)("README.md, block 2", "python", "", "1 / 0\n")], tmp_path)
