"""Remove pages from the site whose sources exist no more; Sphinx leaves them there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_written: set[str] = set()


def note(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Remember a page of this build; those without a source, as the search, come every time."""
    del app, templatename, context, doctree
    _written.add(pagename)


def remove(app: Sphinx, exception: Exception | None) -> None:
    """Remove every page that is neither written now nor has a source."""
    if exception is not None or app.builder.name != "html":
        return
    site = Path(app.outdir)
    expected = {site / f"{name}.html" for name in _written | app.env.found_docs}
    for path in site.rglob("*.html"):
        if path not in expected and "_static" not in path.relative_to(site).parts:
            path.unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    _written.clear()
    app.connect("html-page-context", note)
    app.connect("build-finished", remove)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
