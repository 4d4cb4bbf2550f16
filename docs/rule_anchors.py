"""An extension of Markdown: each rule of ``docs/rules.md`` has an anchor, ``#rule-14``, that other pages link to."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor


class _Anchors(Treeprocessor):
    def run(self, root: Element) -> None:
        heading = root.find("h1")
        if heading is None or not (heading.text or "").startswith("Rules"):
            return
        for rules in root.findall("ol"):
            for number, rule in enumerate(rules.findall("li"), int(rules.get("start", "1"))):
                rule.set("id", f"rule-{number}")


class _RuleAnchors(Extension):
    def extendMarkdown(self, md: Markdown) -> None:  # the name that Markdown calls
        md.treeprocessors.register(_Anchors(md), "rule_anchors", 5)


def makeExtension(**options: object) -> Extension:  # the name that Markdown looks for
    """The extension, for the list in ``mkdocs.yml``."""
    return _RuleAnchors(**options)
