"""Which library sources a script or a page depends on, and a fingerprint of them.

Sphinx-gallery re-runs a script when the script's own text changes, and myst-nb re-runs a
page when the page's own cells change. Neither looks at the library that the code imports.
This module closes that gap: `fingerprint` hashes the code that a piece of Python imports
from ``dlguide``, directly or through other modules, so that an edit of the library re-runs
exactly what depends on it.

Comments, blank lines and docstrings do not count: editing them changes no result.
"""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
from functools import cache
from pathlib import Path

import grimp

from known import kept

PACKAGE = "dlguide"


@cache
@kept
def code_only(source: str) -> str:
    """Return Python source without comments, docstrings, blank lines and trailing space.

    Working on the text, not on a dump of the syntax tree, keeps the result the same under
    every version of Python.
    """
    hidden: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                hidden.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    lines = source.split("\n")  # as Python counts them; splitlines() also splits at form feeds
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    kept = (line.rstrip() for number, line in enumerate(lines, 1) if number not in hidden)
    return "\n".join(line for line in kept if line)


@cache
def _graph(package: str) -> grimp.ImportGraph:
    """Return the import graph of the library, without imports made only for types."""
    return grimp.build_graph(package, exclude_type_checking_imports=True, cache_dir=None)


@cache
def _package_folder(package: str) -> Path:
    """Return the folder of the library without importing it."""
    from importlib.util import find_spec

    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"The package {package!r} is not installed.")
    return Path(spec.origin).parent


def modules_imported(source: str, package: str = PACKAGE) -> set[str]:
    """Return the library's modules that a piece of Python imports by name."""
    known = library_modules(package)
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        found.update(name for name in names if name in known)
    return found


@cache
def _upstream(module: str, package: str) -> frozenset[str]:
    return frozenset(_graph(package).find_upstream_modules(module))


def modules_needed(source: str, package: str = PACKAGE) -> set[str]:
    """Return the library's modules that a piece of Python needs, directly or not."""
    needed = modules_imported(source, package)
    for module in tuple(needed):
        needed |= _upstream(module, package)
    return needed


@cache
def library_modules(package: str = PACKAGE) -> frozenset[str]:
    """Return the names of all modules of the library."""
    return frozenset(_graph(package).modules)


def module_file(module: str, package: str = PACKAGE) -> Path:
    """Return the file of a module."""
    folder = _package_folder(package).parent.joinpath(*module.split("."))
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def files_needed(source: str, package: str = PACKAGE) -> list[Path]:
    """Return the library's files that a piece of Python needs, sorted.

    Besides modules these are the style sheet, for code that names it, and the record, for
    code that reads it.
    """
    modules = modules_needed(source, package)
    files = {module_file(module, package) for module in modules}
    folder = _package_folder(package)
    if f"{package}.guide" in source:
        files.add(folder / "guide.mplstyle")
    if f"{package}.record" in modules:
        files.update((folder / "record").rglob("*.json"))
    return sorted(files)


def fingerprint(source: str, package: str = PACKAGE, *, own: bool = False) -> str:
    """Return a hash of the library code that a piece of Python depends on.

    With ``own=True`` the piece itself counts too, again without its comments.
    """
    digest = hashlib.sha256()
    if own:
        digest.update(code_only(source).encode())
    root = _package_folder(package)
    for path in files_needed(source, package):
        text = path.read_text(encoding="utf-8")
        digest.update(f"\n== {path.relative_to(root).as_posix()}\n".encode())
        digest.update((code_only(text) if path.suffix == ".py" else text).encode())
    return digest.hexdigest()
