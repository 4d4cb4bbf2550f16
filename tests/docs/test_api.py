"""The reference of the API has every public name, and nothing in it is left as it stands in a docstring."""

import importlib
from types import ModuleType

import griffe
import pytest

from docs import api
from docs.docstring import DocstringError, markdown
from docs.names import MODULES, public
from tests.docs.test_pages import MENU
from tests.test_architecture import rooms

PAGES = api.pages()
INNER = {"version", "files", "columns", "simulation", "cli"}  # rooms whose names are not for users


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_on_the_page_of_its_module(module):
    """With an entry, or a link to the page that has one."""
    page = PAGES[api.page_of(module)]
    names = public(module)
    assert names
    for name in names:
        assert f"## `{name}` {{ #{name} }}" in page or f"- [`{name}`](" in page, name


@pytest.mark.parametrize("module", MODULES)
def test_public_modules_inside_of_a_public_module_have_a_page(module):
    inside = (getattr(importlib.import_module(module), name) for name in public(module))
    assert {one.__name__ for one in inside if isinstance(one, ModuleType)} <= set(MODULES)


def test_every_room_has_a_page_or_is_known_to_need_none():
    """Of a room in which only a module is for users, that module's."""
    assert set(rooms()) - {module.split(".")[1] for module in MODULES if "." in module} == INNER


def test_what_a_class_has_for_a_type_of_its_base_is_shown():
    assert "generate_algo_orders(engine: Engine) -> Requests" in PAGES["system.md"]


def test_every_page_is_in_the_menu():
    assert {f"reference/api/{page}" for page in PAGES} <= set(MENU)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_no_markup_of_docstrings_is_left(page):
    """References and headings of NumPy style are made into Markdown."""
    assert ":`" not in page.replace(":`\n", "")
    assert "\n----" not in page


def test_a_call_is_shown_as_it_is_written():
    page = PAGES["backtest.md"]
    assert '    trading: Literal["enabled", "disabled"] = "enabled",\n' in page
    assert "    strategy: Any,\n    *,\n    balances: Mapping[str, Number],\n" in page
    assert "### `Result.summary` { #Result.summary }\n" in page  # which it has from another class


def told(text, takes=None):
    def refer(target, shown):
        return f"<{target}|{shown}>"

    return markdown(griffe.Docstring(text), refer, "rules.md", takes)


def test_docstrings_become_markdown():
    text = """What it is, see :func:`~a.b.go` and :class:`this <a.That>` (rules 3 and 4).

Parameters
----------
one, two
    Numbers.

Raises
------
ValueError
    They are not.

Examples
--------
>>> 1 + 1
2
"""
    assert told(text, ["one", "two", "three"]) == (
        "What it is, see <a.b.go|go> and <a.That|this> ([rules 3](rules.md#rule-3) and [4](rules.md#rule-4)).\n\n"
        "**Parameters**\n\n`one`, `two`\n:   Numbers.\n\n"
        "**Raises**\n\n`ValueError`\n:   They are not.\n\n"
        "**Examples**\n\n```pycon\n>>> 1 + 1\n2\n```"
    )


def test_a_parameter_that_is_not_there_is_an_error():
    with pytest.raises(DocstringError, match="two"):
        told("What it is.\n\nParameters\n----------\none, two\n    Numbers.\n", ["one"])


def test_a_reference_to_what_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setattr(api, "anchors", dict)
    refer = api._reference("barter_bt.data.validate", "barter_bt.data")
    assert refer("check", "check") == "`check`"
    with pytest.raises(DocstringError, match="chekc"):
        refer("chekc", "chekc")
