"""Give every page a Content-Security-Policy, so that it loads and runs only what is its own.

The policy stands in the page itself, in a ``meta`` element, and so holds wherever the site
lies. It allows the site's own files, and of scripts inside a page exactly those that the
theme puts there, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_CHARSET = re.compile(r'<meta charset="utf-8" ?/?>', re.I)
_SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<code>.*?)</script>", re.S | re.I)
_NAME = 'http-equiv="Content-Security-Policy"'


def hashes(html: str) -> list[str]:
    """Return the hash of every script that stands in a page, in their order."""
    found = []
    for match in _SCRIPT.finditer(html):
        attributes = match["attributes"]
        if re.search(r"\bsrc\s*=", attributes) or "json" in attributes:
            continue
        digest = base64.b64encode(hashlib.sha256(match["code"].encode()).digest()).decode()
        found.append(f"'sha256-{digest}'")
    return list(dict.fromkeys(found))


def policy(html: str) -> str:
    """Return the policy of a page."""
    scripts = " ".join(["'self'", *hashes(html)])
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",  # formulas and the theme set single properties
            "img-src 'self' data:",
            "font-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        )
    )


def with_policy(html: str) -> str:
    """Return a page with its policy; one that has it already stays as it is."""
    if _NAME in html:
        return html
    match = _CHARSET.search(html)
    if match is None:
        raise ValueError("A page must begin by naming its character set, utf-8.")
    meta = f'\n    <meta {_NAME} content="{policy(html)}">'
    return html[: match.end()] + meta + html[match.end() :]


def protect(app: Sphinx, exception: Exception | None) -> None:
    """Put the policy into every page that has been written."""
    if exception is not None or app.builder.name != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        if "_static" in path.relative_to(app.outdir).parts:
            continue
        before = path.read_text(encoding="utf-8")
        after = with_policy(before)
        if after != before:
            path.write_text(after, encoding="utf-8", newline="\n")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx, after all others that write pages."""
    app.connect("build-finished", protect, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
