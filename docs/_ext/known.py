"""Keep from build to build what was found out about a text and follows from it alone.

A build reads every script and every page to see what has changed, takes comments out of
them and follows what they name through the library. Where neither they nor the library nor
the code that does this have changed, the answers are those of the last build.

Outside of a build, nothing is kept and everything is found out anew.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]

#: Question -> answer, of the last build; none outside of a build.
_before: dict[str, str] = {}
#: The same, of this one.
_now: dict[str, str] = {}


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def state() -> str:
    """Return a hash of all that the answers depend on, but for the texts themselves."""
    files = sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("docs/_ext/*.py")])
    parts = [part for path in files for part in (str(path), path.read_text(encoding="utf-8"))]
    return _digest(sys.version, *parts)


def kept(function: Callable[..., str]) -> Callable[..., str]:
    """Let a function of texts, which returns a text, remember its answers of the last build."""

    @wraps(function)
    def answer(*texts: Any) -> str:
        question = _digest(function.__qualname__, *map(repr, texts))
        if question not in _now:
            known = _before.get(question)
            _now[question] = function(*texts) if known is None else known
        return _now[question]

    return answer


def place(app: Sphinx) -> Path:
    """Return the file that holds the answers."""
    return Path(app.outdir).parent / "known.json"


def remember(app: Sphinx) -> None:
    """Read the answers of the last build, unless the library or this code has changed."""
    _before.clear()
    path = place(app)
    if path.is_file():
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["state"] == state():
            _before.update(stored["answers"])


def store(app: Sphinx, exception: Exception | None) -> None:
    """Write the answers that this build has used."""
    del exception  # what was found out is true all the same
    if _now != _before:
        text = json.dumps({"state": state(), "answers": _now})
        place(app).write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx, before anything is asked."""
    app.connect("builder-inited", remember, priority=1)
    app.connect("build-finished", store)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
