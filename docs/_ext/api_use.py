"""Which part of the public API is used where.

Every function of the library has to earn its place: some example, or some code on a page
that is executed or tested, must use it. One that is not used anywhere is reported when the
build begins, and reports are errors in a whole build.

A gallery page names what its script uses, beside what a run takes.
"""

from __future__ import annotations

import ast
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.util import logging

from definitions import named, read_module
from dlguide import record
from example_finder import others
from examples import all_examples, read_example
from known import kept
from sources import PACKAGE, library_modules
from stale_pages import cells

if TYPE_CHECKING:
    from sphinx.application import Sphinx

logger = logging.getLogger(__name__)

#: Code on a page that is not executed, as its cells are, but tested.
_SNIPPET = re.compile(r"^```python\n(?P<code>.*?)^```", re.M | re.S)
#: What sphinx-gallery says at the top of each page.
_DOWNLOAD = "to download the full example code."


@cache
def public(package: str = PACKAGE) -> dict[str, ast.stmt]:
    """Return the public API: full names, and the statements that define them.

    Nothing is imported; a module is public if it has no underscore, and what it offers is
    what it lists in ``__all__``.
    """
    found: dict[str, ast.stmt] = {}
    for module in sorted(library_modules(package)):
        if not re.fullmatch(rf"{package}\.[a-z]\w*", module):
            continue
        _, known = read_module(module, package)
        for node in known.nodes.get("__all__", ()):
            names = ast.literal_eval(node.value) if isinstance(node, ast.Assign) else ()
            found |= {f"{module}.{name}": _definition(module, name, package) for name in names}
    return found


def _definition(module: str, name: str, package: str) -> ast.stmt:
    """Return the statement that defines a name, in whichever module it stands."""
    _, known = read_module(module, package)
    if name in known.nodes:
        return known.nodes[name][-1]
    return _definition(*known.imported[name], package)


def comes_along(node: ast.stmt, returned: str) -> bool:
    """Tell whether a class is an error, or something that functions return."""
    if not isinstance(node, ast.ClassDef):
        return False
    bases = " ".join(map(ast.unparse, node.bases))
    if re.search(r"Error\b|Exception\b", bases) or re.search(rf"\b{node.name}\b", returned):
        return True
    return any("dataclass" in ast.unparse(one) for one in node.decorator_list)


@cache
def used(code: str, package: str = PACKAGE) -> frozenset[str]:
    """Return the full names of what a piece of Python uses of the library."""
    return frozenset(_used(code, package).split())


@kept
def _used(code: str, package: str) -> str:
    return " ".join(f"{module}.{name}" for module, name in sorted(named(code, package)) if name)


def page_code(text: str) -> str:
    """Return the Python of a page in MyST: its cells and its snippets."""
    pieces = [cells(text)]
    for match in _SNIPPET.finditer(text):
        with suppress(SyntaxError):  # it shows an error, or a part of a function
            ast.parse(match["code"])
            pieces.append(match["code"])
    return "\n".join(pieces)


def unused(objects: dict[str, ast.stmt], codes: list[str], package: str = PACKAGE) -> list[str]:
    """Return the public names that none of several pieces of code uses."""
    seen = {name for code in codes for name in used(code, package)}
    returned = " ".join(
        ast.unparse(node.returns)
        for node in objects.values()
        if isinstance(node, ast.FunctionDef) and node.returns
    )
    return sorted(
        name
        for name, node in objects.items()
        if name not in seen and not comes_along(node, returned)
    )


def report(app: Sphinx) -> None:
    """Warn of every public object that nothing uses."""
    docs = Path(app.srcdir)
    codes = [
        example.path.read_text(encoding="utf-8")
        for example in all_examples(docs.parent / "examples")
    ]
    for folder in ("guide", "how_to", "reference"):
        pages = sorted((docs / folder).rglob("*.md"))
        codes += [page_code(page.read_text(encoding="utf-8")) for page in pages]
    for name in unused(public(), codes):
        logger.warning("api: no example and no page uses %s", name)


def cost(name: str) -> str:
    """Say what a run of an example takes, from the record."""
    try:
        entry = record.read(name)
    except KeyError:
        return ""
    return (
        f"A run takes about {entry.cpu_seconds:.0f} s of processor time with one thread "
        f"and {entry.peak_memory_mb / 1000:.1f} GB of memory; "
        f"what {len(entry.seeds)} seeds gave is among the :doc:`results </results>`."
    )


def describe(app: Sphinx, docname: str, content: list[str]) -> None:
    """Say at the top of a gallery page what a run takes, what it uses, and what is like it."""
    name = docname.removeprefix("gallery/")
    root = Path(app.srcdir).parent / "examples"
    script = root / f"{name}.py"
    if name == docname or _DOWNLOAD not in content[0] or not script.is_file():
        return
    names = sorted(used(script.read_text(encoding="utf-8")) & set(public()))
    listed = ", ".join(f":obj:`~{full}`" for full in names)
    uses = f"Of the library it uses {listed}." if names else ""
    paragraphs = filter(None, [_DOWNLOAD, cost(name), uses, others(read_example(script, root))])
    content[0] = content[0].replace(_DOWNLOAD, "\n\n        ".join(paragraphs), 1)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("builder-inited", report, priority=60)
    app.connect("source-read", describe)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
