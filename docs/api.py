"""The reference of the API: one page of Markdown for each public module, written from its docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from enum import EnumType
from functools import cache
from typing import Any

import griffe

from docs.docstring import DocstringError, markdown
from docs.names import MODULES, OWN, Name, class_in_source, exists, is_ours, names, source
from docs.signature import call, constant, signature_of, takes

_RULES = "../../rules.md"


def pages() -> dict[str, str]:
    """The text of each page by its file, such as ``data.md``."""
    return {page_of(module): _page(module) for module in MODULES}


def page_of(module: str) -> str:
    """The file of a module's page; that of the package is the first."""
    return "index.md" if module == OWN else module.removeprefix(f"{OWN}.") + ".md"


@cache
def anchors() -> dict[str, str]:
    """Page and anchor of everything explained, by each name that it can be called by."""
    places: dict[str, str] = {}
    for module in MODULES:
        places[module] = page_of(module)
        for name in names(module):
            if name.source is None:
                continue
            place = places.setdefault(name.home, f"{page_of(module)}#{name.name}")
            places.setdefault(f"{module}.{name.name}", place)
            for member, _ in members(name.value):
                for owner in (name.home, f"{module}.{name.name}"):
                    places.setdefault(f"{owner}.{member}", f"{place}.{member}")
    return places


def members(value: Any) -> Iterator[tuple[str, griffe.Object | griffe.Alias]]:
    """Public methods and properties of a class that have a docstring: its own, then those of bases of ours."""
    if not inspect.isclass(value):
        return
    seen = set()
    for owner in value.__mro__:
        if not is_ours(owner):
            continue
        for name in list(vars(owner)):
            member = class_in_source(owner).members.get(name)
            if name.startswith("_") or name in seen or member is None or member.docstring is None:
                continue
            seen.add(name)
            yield name, member


def _page(module: str) -> str:
    about = source(module).docstring
    parts = [f"# {module}", markdown(about, _reference(module, module), _RULES)]
    explained = [name for name in names(module) if name.source and _is_home(name)]
    others = [name for name in names(module) if name not in explained]
    if others:
        parts.append("\n".join(f"- {_link(name)}" for name in others))
    if module == OWN:
        parts += ["## Modules", "\n".join(["| module | what it has |", "|---|---|", *map(_row, MODULES[:-1])])]
    parts += [_entry(name) for name in explained]
    return "\n\n".join(filter(None, parts)) + "\n"


def _row(module: str) -> str:
    return f"| [`{module}`]({page_of(module)}) | {_first_sentence(source(module).docstring, module)} |"


def _is_home(name: Name) -> bool:
    return anchors()[name.home] == f"{page_of(name.module)}#{name.name}"


def _link(name: Name) -> str:
    text = f"[`{name.name}`]({anchors()[name.home]})"
    about = name.source.docstring if name.source else source(name.home).docstring
    return f"{text}: {_first_sentence(about, name.module)}" if about else text


def _first_sentence(about: griffe.Docstring | None, module: str) -> str:
    if about is None:
        raise DocstringError(f"{module} has no docstring")
    line = re.split(r"(?<=\.)\s", about.value.strip(), maxsplit=1)[0].replace("\n", " ")
    return markdown(griffe.Docstring(line), _reference(module, module), _RULES)


def _entry(name: Name) -> str:
    assert name.source is not None
    home = name.source.path.rpartition(".")[0]
    parts = [f"## `{name.name}` {{ #{name.name} }}", _head(name)]
    try:
        refer = _reference(home, name.module, name.home)
        parts.append(markdown(name.source.docstring, refer, _RULES, takes(name.value)))
        for member, its in members(name.value):
            parts += [
                f"### `{name.name}.{member}` {{ #{name.name}.{member} }}",
                _member_head(name.value, member, its),
                markdown(its.docstring, refer, _RULES, takes(inspect.getattr_static(name.value, member))),
            ]
    except DocstringError as error:
        raise DocstringError(f"{name.module}.{name.name}: {error}") from error
    return "\n\n".join(filter(None, parts))


def _head(name: Name) -> str:
    """What stands on top of an entry: a call, the members of an enumeration, a value."""
    value, its = name.value, name.source
    if isinstance(its, griffe.Attribute):
        return _code(constant(name.name, str(its.value) if its.value is not None else repr(value)))
    if isinstance(value, EnumType):
        choices: Mapping[str, Any] = value.__members__
        return _code("\n".join(f"{name.name}.{choice} = {one.value!r}" for choice, one in choices.items()))
    signature = signature_of(value)
    if inspect.isclass(value) and (getattr(value, "_is_protocol", False) or not signature.parameters):
        return ""
    return _code(call(name.name, signature, value, "" if inspect.isclass(value) else signature.return_annotation))


def _member_head(owner: type, name: str, its: griffe.Object | griffe.Alias) -> str:
    """The call of a method; the type of a property."""
    if isinstance(its, griffe.Function):
        static = inspect.getattr_static(owner, name)
        signature = signature_of(getattr(static, "__func__", static))
        bound = [one for one in signature.parameters.values() if one.name not in ("self", "cls")]
        return _code(call(name, signature.replace(parameters=bound), owner, signature.return_annotation))
    kind = getattr(its, "annotation", None)
    return _code(f"{name}: {kind}") if kind else ""


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def _reference(home: str, module: str, owner: str = "") -> Any:
    """Makes references in docstrings of a module: links to what is explained, code for what is only there."""

    def refer(target: str, shown: str) -> str:
        places = anchors()
        for scope in (owner, home, module, ""):
            full = f"{scope}.{target}".strip(".")
            if full in places:
                return f"[`{shown}`]({places[full]})"
        if any(exists(f"{scope}.{target}".strip(".")) for scope in (owner, home, module, "") if scope or "." in target):
            return f"`{shown}`"
        raise DocstringError(f"it refers to {target!r}, which is not there")

    return refer
