"""The library code that a script's numbers depend on, definition by definition.

A build runs a script again when any module that it imports has changed, which is safe and
cheap enough. The record costs many runs of every script, so it has to know better: adding a
function to a module changes no number of a script that does not call it. `numbers_hash`
follows from the script each function, class and constant that it names, and what these name
in turn.

Drawing changes no number, so `dlguide.plots` does not count. Nor does the code that fetches
data; what counts are the checksums of the sets that the script loads.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from dlguide import datasets
from examples import Example
from known import kept
from sources import PACKAGE, code_only, library_modules, module_file

#: A module and the name of one of its definitions; an empty name is all of the module.
Symbol = tuple[str, str]
NOT_COUNTED = frozenset(
    f"{PACKAGE}.{name}"
    for name in (
        "plots",
        "datasets._archive",
        "datasets._cards",
        "datasets._index",
        "datasets._store",
    )
)


@dataclass
class Definitions:
    """The top level of a piece of Python."""

    nodes: dict[str, list[ast.stmt]] = field(default_factory=dict)
    """Name -> the statements that define it."""
    imported: dict[str, Symbol] = field(default_factory=dict)
    """Name -> what it stands for in the library."""
    others: list[ast.stmt] = field(default_factory=list)
    """What is executed and defines nothing."""


def imports(tree: ast.AST, package: str) -> dict[str, Symbol]:
    """Return the names that imports of the library bind anywhere in a tree."""
    known = library_modules(package)
    bound: dict[str, Symbol] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in known:
                    whole = alias.name if alias.asname else alias.name.partition(".")[0]
                    bound[alias.asname or whole] = (whole, "")
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                symbol = (module, "") if module in known else (node.module, alias.name)
                bound[alias.asname or alias.name] = symbol
    return bound


def _for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _bound_names(node: ast.stmt) -> list[str]:
    """Return the names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [leaf.id for target in targets if target for leaf in ast.walk(target)
            if isinstance(leaf, ast.Name)]  # fmt: skip


def definitions(tree: ast.Module, package: str) -> Definitions:
    """Sort the top-level statements of a piece of Python."""
    body = [node for node in tree.body if not _for_types(node)]
    found = Definitions(imported=imports(ast.Module(body, []), package))
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        names = _bound_names(node)
        for name in names:
            found.nodes.setdefault(name, []).append(node)
        if not names:
            found.others.append(node)
    return found


def _dotted(node: ast.AST) -> list[str]:
    """Return ``["a", "b", "c"]`` for ``a.b.c``, and nothing for any other expression."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        base = _dotted(node.value)
        return [*base, node.attr] if base else []
    return []


def _names(node: ast.AST) -> Iterator[list[str]]:
    """Yield the longest dotted names in a tree."""
    dotted = _dotted(node)
    if dotted:
        yield dotted
        return
    for child in ast.iter_child_nodes(node):
        yield from _names(child)


def references(tree: ast.AST, where: str, known: Definitions, package: str) -> set[Symbol]:
    """Return the library's definitions that a tree names."""
    modules = library_modules(package)
    bound = {**known.imported, **imports(tree, package)}
    found: set[Symbol] = set()
    for first, *rest in _names(tree):
        if first in bound:
            module, name = bound[first]
            for part in rest:
                if name:
                    break  # an attribute of a definition is the definition's affair
                if f"{module}.{part}" in modules:
                    module = f"{module}.{part}"
                else:
                    name = part
            found.add((module, name))
        elif first in known.nodes:
            found.add((where, first))
    return found


@cache
def read_module(module: str, package: str) -> tuple[str, Definitions]:
    """Return the text of a module of the library, and its top level."""
    source = module_file(module, package).read_text(encoding="utf-8")
    return source, definitions(ast.parse(source), package)


@cache
def named(source: str, package: str) -> frozenset[Symbol]:
    """Return the library's definitions that a script or another piece of Python names."""
    tree = ast.parse(source)
    symbols = references(tree, "", definitions(tree, package), package)
    return frozenset(symbol for symbol in symbols if symbol[0])


@cache
def _definition(symbol: Symbol, package: str) -> tuple[str, frozenset[Symbol]]:
    """Return the code of one definition of the library, and what it names in turn.

    A name that a module does not define at its top level stands for the whole module, and
    so does a module that is handed on as an object.
    """
    module, name = symbol
    text, known = read_module(module, package)
    if name in known.imported and name not in known.nodes:
        return "", frozenset({known.imported[name]})
    if name in known.nodes:
        nodes = [*known.nodes[name], *known.others]
        following = set()
    else:
        nodes = [node for group in known.nodes.values() for node in group] + known.others
        following = {target for target in known.imported.values() if not name}
    lines = text.split("\n")
    pieces = []
    for node in nodes:
        decorators = getattr(node, "decorator_list", [])
        start = min([node.lineno, *(decorator.lineno for decorator in decorators)])
        pieces.append("\n".join(lines[start - 1 : node.end_lineno]))
        following |= references(node, module, known, package)
    return "\n".join(code_only(piece) for piece in pieces), frozenset(following)


def reached(source: str, package: str = PACKAGE) -> dict[Symbol, str]:
    """Return the definitions that a script needs, each with its code."""
    waiting = set(named(source, package))
    codes: dict[Symbol, str] = {}
    while waiting:
        symbol = waiting.pop()
        if symbol in codes or symbol[0] in NOT_COUNTED:
            continue
        codes[symbol], following = _definition(symbol, package)
        waiting |= following
    return codes


def numbers_hash(example: Example) -> str:
    """Return a hash of all code and data that a script's numbers depend on."""
    return _hash(example.path.read_text(encoding="utf-8"), example.datasets)


@cache
@kept
def _hash(source: str, loaded: tuple[str, ...]) -> str:
    digest = hashlib.sha256(code_only(source).encode())
    for (module, name), code in sorted(reached(source).items()):
        digest.update(f"\n== {module} {name}\n{code}".encode())
    for dataset in loaded:
        for member in datasets.card(dataset).members:
            digest.update(f"\n== {dataset} {member.sha256}".encode())
    return digest.hexdigest()
