"""Say in words what the theme and its writers show by signs alone.

A screen reader speaks the name of a thing and its role. The little arrows that unfold the
sidebar have no name, and the list of sources below a docstring has items whose role it
does not allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx.application import Sphinx


def name_toggles(tree: BeautifulSoup) -> None:
    """Give each arrow of a navigation tree the name of what it unfolds."""
    for summary in tree.find_all("summary"):
        if summary.get_text(strip=True):
            continue
        item = summary.find_parent("li")
        link = item.find("a") if item else None
        summary["aria-label"] = f"Pages below {link.get_text(' ', strip=True) if link else 'this'}"


def items_of_lists(body: str) -> str:
    """Give the sources below a docstring the role that a list asks of its items."""
    return body.replace('role="doc-biblioentry"', 'role="listitem"')


def amend(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Amend a page before it is written, after the theme has added its functions."""
    del app, pagename, templatename, doctree
    if "body" in context:
        context["body"] = items_of_lists(context["body"])
    generate: Callable[..., Any] | None = context.get("generate_toctree_html")
    if generate is None:
        return

    def with_names(*arguments: Any, **options: Any) -> Any:
        made = generate(*arguments, **options)
        if isinstance(made, BeautifulSoup):  # else text, which comes from a tree named before
            name_toggles(made)
        return made

    context["generate_toctree_html"] = with_names


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("html-page-context", amend, priority=950)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
