"""Small wrong versions of a module: one row, word, question or argument of it is changed.

Ready-made tools change what stands in functions and leave tables alone. Not changed are
docstrings, types, patterns of `match` and the keys of a table: a wrong key is a row less and a row
replaced, and a row less is among the changes.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

_HERE: Final = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.Is, ast.IsNot, ast.And, ast.Or)
_THERE: Final = (ast.NotEq, ast.Eq, ast.LtE, ast.Lt, ast.GtE, ast.IsNot, ast.Is, ast.Or, ast.And)
_SWAPS: Final[dict[type[ast.AST], type[ast.AST]]] = {
    **dict(zip(_HERE, _THERE, strict=True)),
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
}
_TYPES: Final = {"annotation", "returns", "pattern"}
_MAY_GO: Final = {"Call.keywords", "Call.args", "Tuple.elts", "Dict.values", "Match.cases"}


_Spot = tuple[ast.AST, str, int | None, ast.AST, ast.AST | None]
"""(parent, field, index in a list, child, what takes its place; None: nothing)."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """What was changed where, and the module that comes of it."""

    line: int
    was: str
    now: str
    tree: ast.Module


def mutants(source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module, each with one change."""
    for number in range(len(list(_spots(ast.parse(source))))):
        tree = ast.parse(source)
        parent, field, index, old, now = list(_spots(tree))[number]
        operator = isinstance(old, ast.cmpop | ast.operator | ast.boolop)
        was, line = ast.unparse(parent if operator else old), getattr(old, "lineno", 0)
        children = getattr(parent, field)
        if index is None:
            setattr(parent, field, now)
        elif now is not None:
            children[index] = now
        else:
            del children[index]
            if isinstance(parent, ast.Dict):
                del parent.keys[index]
        told = ast.unparse(parent if operator else now) if now else "nothing"
        yield Mutant(line, was, told, ast.fix_missing_locations(tree))


def _spots(tree: ast.Module) -> Iterator[_Spot]:
    families = _families(tree)
    nodes: list[ast.AST] = [tree]
    while nodes:
        parent = nodes.pop()
        for field, index, child, siblings in _children(parent):
            nodes.append(child)
            for now in (*_instead(child), *_other_name(child, families)):
                yield parent, field, index, child, now
            if field == "test" and isinstance(child, ast.expr):
                yield parent, field, index, child, ast.UnaryOp(ast.Not(), child)
            name = f"{type(parent).__name__}.{field}"
            if name in _MAY_GO and (siblings > 1 or field == "keywords"):
                yield parent, field, index, child, None


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST, int]]:
    """Yield (field, index in a list, child, number of siblings) of what may be changed."""
    for field, value in ast.iter_fields(node):
        if field in _TYPES or (isinstance(node, ast.Dict) and field == "keys"):
            continue
        children = cast("list[object]", value) if isinstance(value, list) else [value]
        for index, child in enumerate(children):
            if isinstance(child, ast.AST) and not _is_docstring(child):
                yield field, index if isinstance(value, list) else None, child, len(children)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _families(tree: ast.Module) -> dict[str, list[str]]:
    """Group the names that can be mistaken for each other: of one enum, one module, or of rows."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if family := _family(node):
            found.setdefault(family[0], set()).add(family[1])
    return {family: sorted(names) for family, names in found.items()}


def _family(node: ast.AST) -> tuple[str, str] | None:
    match node:
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return f"{owner}.{name[0].isupper()}", name
        case ast.Name(id=name) if name.startswith("_") and name.isupper():
            return "rows", name
        case _:
            return None


def _other_name(node: ast.AST, families: dict[str, list[str]]) -> Iterator[ast.AST]:
    family = _family(node)
    if family is None or not isinstance(getattr(node, "ctx", None), ast.Load):
        return
    names, name = families[family[0]], family[1]
    other = names[(names.index(name) + 1) % len(names)]
    if other != name:
        yield ast.parse(ast.unparse(node).removesuffix(name) + other, mode="eval").body


def _instead(node: ast.AST) -> Iterator[ast.AST]:
    if type(node) in _SWAPS:
        yield _SWAPS[type(node)]()
    match node:
        case ast.Constant(value=str(value)):
            yield ast.Constant(value + "XX")
        case ast.Constant(value=int(value)):
            yield ast.Constant(not value if isinstance(value, bool) else value + 1)
        case ast.Return(value=ast.expr()):
            yield ast.Return(ast.Constant(None))
        case ast.Raise() | ast.Assert():
            yield ast.Pass()
        case _:
            return
