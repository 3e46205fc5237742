"""Run the cells of a chapter again when the library code that they import has changed.

myst-nb caches a page's outputs by the text of its cells. This extension keeps, beside that
cache, a fingerprint of the library code that each page imports. When it differs, the page
is taken out of the cache and read again.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sources import fingerprint

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

_CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(?P<code>.*?)^```", re.M | re.S)


def cells(text: str) -> str:
    """Return the Python of all executed cells of a MyST page, without magic commands."""
    codes = []
    for match in _CELL.finditer(text):
        lines = match["code"].splitlines()
        while lines and (lines[0].startswith(":") or lines[0] == "---"):
            if lines.pop(0) == "---":
                del lines[: lines.index("---") + 1]
        codes.append("\n".join(line for line in lines if not line.lstrip().startswith("%")))
    return "\n".join(codes)


def _kept(app: Sphinx) -> Path:
    return Path(app.outdir).parent / "page-sources.json"


def _now(env: BuildEnvironment) -> dict[str, str]:
    """Return the fingerprint of every page that has cells."""
    from gallery_runner import versions

    found = {}
    for docname in sorted(env.found_docs):
        path = Path(env.doc2path(docname))
        if path.suffix != ".md":
            continue
        code = cells(path.read_text(encoding="utf-8"))
        if code:
            found[docname] = fingerprint(code) + json.dumps(versions())
    return found


def outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Forget the cached outputs of pages whose library code has changed."""
    del added, changed, removed
    now = _now(env)
    path = _kept(app)
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    stale = sorted(name for name, value in now.items() if before.get(name, value) != value)
    if stale:
        from jupyter_cache import get_cache

        cache = get_cache(app.config.nb_execution_cache_path)
        for docname in stale:
            for record in cache.list_cache_records():
                if Path(record.uri) == Path(env.doc2path(docname)):
                    cache.remove_cache(record.pk)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(now, indent=1), encoding="utf-8")
    return stale


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("env-get-outdated", outdated)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
