"""Docstrings as Markdown: sections of NumPy style, references between names, numbers of rules as links."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterable
from itertools import groupby
from typing import Any

import griffe

Refer = Callable[[str, str], str]
"""From the name that a docstring refers to, and what to show of it, to Markdown."""

_ROLE = re.compile(r":(?:py:)?(?:func|class|meth|mod|attr|data|exc):`(~?)(?:([^`<]+) <)?([\w.]+)>?`")
_RULE = re.compile(r"\b(rules?) (\d+)(?: and (\d+))?")
_LITERAL = re.compile(r"::\n\n((?:(?:    .*)?\n)*    .*)", re.MULTILINE)
_DOCTEST = re.compile(r"^>>> (?:.+\n?)+", re.MULTILINE)
_LOG = logging.getLogger("griffe")


class DocstringError(Exception):
    """A docstring that cannot be understood, or refers to what is not there."""


class _Complaints(logging.Handler):
    """Keeps what the parser warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def markdown(docstring: griffe.Docstring | None, refer: Refer, rules: str, takes: Collection[str] | None = None) -> str:
    """A docstring as Markdown.

    Parameters
    ----------
    docstring
        What to show; None gives an empty text.
    refer
        Makes a reference of a name.
    rules
        The page of the rules, as seen from the page that is written.
    takes
        The parameters that there are, if it is the docstring of something that takes any.

    Raises
    ------
    DocstringError
        The parser did not understand it, or it has a parameter that is not there.
    """
    if docstring is None:
        return ""
    complaints = _Complaints()
    _LOG.addHandler(complaints)
    try:
        sections = docstring.parse("numpy", warn_missing_types=False, warn_unknown_params=False)
    finally:
        _LOG.removeHandler(complaints)
    if complaints.messages:
        raise DocstringError("; ".join(complaints.messages))
    told = [one.name.lstrip("*") for part in sections if part.kind.value == "parameters" for one in part.value]
    if takes is not None and (unknown := [name for name in told if name not in takes]):
        raise DocstringError(f"it tells of parameters that are not there: {', '.join(unknown)}")

    def prose(text: str) -> str:
        return _prose(text, refer, rules)

    return "\n\n".join(filter(None, (_section(section, prose) for section in sections)))


def _section(section: Any, prose: Callable[[str], str]) -> str:
    kind, value = section.kind.value, section.value
    if kind == "text":
        return prose(value)
    if kind in ("parameters", "attributes", "other parameters"):
        return _definitions(kind, ((one.name, one.description) for one in value), prose)
    if kind in ("returns", "yields", "raises", "warns"):
        return _definitions(kind, ((str(one.annotation or ""), one.description) for one in value), prose)
    if kind == "examples":
        parts = (f"```pycon\n{text}\n```" if what.value == "examples" else prose(text) for what, text in value)
        return "**Examples**\n\n" + "\n\n".join(parts)
    if kind == "admonition":
        return f"**{section.title}**\n\n{prose(value.description)}"
    raise DocstringError(f"a section of kind {kind!r} has no form here")


def _definitions(title: str, pairs: Iterable[tuple[str, str]], prose: Callable[[str], str]) -> str:
    """A list of definitions; neighbours with one description share it."""
    parts = [f"**{title.capitalize()}**"]
    for text, group in groupby(pairs, key=lambda pair: pair[1].strip()):
        names = ", ".join(f"`{name}`" for several, _ in group for name in several.split(", ") if name)
        parts.append(f"{names}\n:   {_indented(prose(text))}" if text and names else names or prose(text))
    return "\n\n".join(parts)


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def _prose(text: str, refer: Refer, rules: str) -> str:
    text = _DOCTEST.sub(lambda found: f"```pycon\n{found[0].rstrip()}\n```\n", text)
    text = _LITERAL.sub(lambda found: ":\n\n" + _fenced(found[1]), text)
    text = _ROLE.sub(lambda found: refer(found[3], _shown(*found.groups())), text)
    return _RULE.sub(lambda found: _rule(found, rules), text)


def _shown(short: str, title: str | None, target: str) -> str:
    return title or (target.rsplit(".", maxsplit=1)[-1] if short else target)


def _fenced(literal: str) -> str:
    return "```python\n" + re.sub(r"^    ", "", literal, flags=re.MULTILINE) + "\n```"


def _rule(found: re.Match[str], rules: str) -> str:
    first = f"[{found[1]} {found[2]}]({rules}#rule-{found[2]})"
    return f"{first} and [{found[3]}]({rules}#rule-{found[3]})" if found[3] else first
