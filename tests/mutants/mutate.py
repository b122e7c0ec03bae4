"""Every mutant of a module's source: one expression changed, found on the syntax tree.

What is changed, one place at a time:

rounding  a quotient that is rounded down goes up and the reverse (`//`, `-(-a // b)`, a product
          shifted right, `mul_div_down`, `div_up`, every pair `x_up` and `x_down`, `math.floor`);
          a call that rounds half up (`ray_mul` and its kin) goes down, and up; a half that is
          added before a division is left out
one-off   `+ 1` and `- 1` are left out, and exchanged
boundary  `<` and `<=`, `>` and `>=` are exchanged, each link of a chain alone
constant  an integer is one more, and one less; an expression of literals alone is one integer

Texts, annotations, decorators and what stands within an f-string are left alone.
"""

from __future__ import annotations

import ast
import hashlib
import heapq
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

SHARED = "shared"
"""The package of the models whose mutants concern every protocol."""
LONGEST = 60
"""Characters of what is shown around a changed constant in a mutant's name."""

# What a call stands for if it is rounded down, `n // d`: numerator and denominator.
_HALF_UP = {
    "ray_mul": ("{0} * {1}", "10**27"),
    "ray_div": ("{0} * 10**27", "{1}"),
    "wad_div": ("{0} * 10**18", "{1}"),
    "percent_mul": ("{0} * {1}", "10**4"),
    "percent_div": ("{0} * 10**4", "{1}"),
}
_DOWN = {"mul_div_down": ("{0} * {1}", "{2}")}
_UP = {"mul_div_up": ("{0} * {1}", "{2}"), "div_up": ("{0}", "{1}")}
_BOUNDARIES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. Its name holds no line, so that it survives edits elsewhere in the file.

    `at_import` tells that the change works when the module is loaded, not when `scope` runs.
    """

    path: str
    scope: str
    kind: str
    before: str
    after: str
    line: int
    at_import: bool
    number: int = 1

    @property
    def name(self) -> str:
        """File, function, kind and change; with a number where several read the same."""
        again = "" if self.number == 1 else f" #{self.number}"
        return f"{self.path}:{self.scope}:{self.kind}:{self.before} -> {self.after}{again}"

    @property
    def protocol(self) -> str:
        """The protocol whose model is changed, or `SHARED`."""
        return self.path.partition("/")[0]

    @property
    def function(self) -> str | None:
        """The function that has to run for the change to show, or none: it shows from the start."""
        return None if self.at_import else f"{self.path}:{self.scope}"


@dataclass(frozen=True, slots=True)
class _Site:
    """A node, how its parent holds it, and the function that it stands in."""

    node: ast.expr | ast.AugAssign
    parent: ast.AST
    field: str
    at: int | None
    scope: str
    at_import: bool

    def put(self, node: ast.AST) -> None:
        """Put another node in the place of this one."""
        if self.at is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.at] = node


def mutants(path: str, source: str) -> tuple[Mutant, ...]:
    """The mutants of a module's source, in the order of its lines; `path` begins their names."""
    return tuple(mutant for mutant, _ in _mutated(path, source))


def mutated(mutant: Mutant, source: str) -> ast.Module:
    """The module's tree with that change. Raises KeyError if the source has no such place."""
    for found, tree in _mutated(mutant.path, source):
        if found == mutant:
            return tree
    raise KeyError(mutant.name)


def picked(mutants: Iterable[Mutant], count: int, seed: int) -> list[Mutant]:
    """So many of the mutants, by a hash of their names: an edit of one leaves the others picked."""
    return heapq.nsmallest(count, mutants, key=lambda mutant: _digest(seed, mutant.name))


def _digest(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()


def _mutated(path: str, source: str) -> Iterator[tuple[Mutant, ast.Module]]:
    """Each mutant with the tree, which is changed only while the caller looks at it."""
    tree = ast.parse(source)
    sites = list(_sites(tree, ""))
    seen: Counter[str] = Counter()
    for site in sites:
        context = _context(site)
        before = _shown(context)
        for kind, new in dict.fromkeys(_changes(site)):
            changed = _parsed(new, site.node)
            site.put(changed)
            after = _shown(changed if context is site.node else context)
            at = (site.node.lineno, site.at_import)
            mutant = Mutant(path, site.scope, kind, before, after, *at)
            seen[mutant.name] += 1
            yield replace(mutant, number=seen[mutant.name]), _importing(tree, new)
            site.put(site.node)


def _parsed(new: str, old: ast.AST) -> ast.AST:
    statement = ast.parse(new).body[0]
    changed = statement.value if isinstance(statement, ast.Expr) else statement
    for node in ast.walk(changed):
        ast.copy_location(node, old)
    return changed


def _context(site: _Site) -> ast.AST:
    """The smallest piece of source that shows what is changed."""
    shown = (ast.expr, ast.keyword, ast.Assign, ast.AnnAssign)
    is_short = isinstance(site.parent, shown) and len(_shown(site.parent)) <= LONGEST
    return site.parent if is_short and _literal(site.node) is not None else site.node


def _shown(node: ast.AST) -> str:
    """The node's source, integers of many digits in hexadecimal."""
    return re.sub(r"\d{13,}", lambda digits: hex(int(digits[0])), ast.unparse(node))


def _importing(tree: ast.Module, new: str) -> ast.Module:
    """The tree, importing the other half of a pair `x_up` and `x_down` from where the one is."""
    name = new.partition("(")[0]
    other = _other_way(name)
    body = list(tree.body)
    for at, statement in enumerate(tree.body):
        if isinstance(statement, ast.ImportFrom) and other in {a.name for a in statement.names}:
            added = ast.ImportFrom(statement.module, [ast.alias(name)], 0)
            body.insert(at, ast.fix_missing_locations(ast.copy_location(added, statement)))
    return ast.Module(body, tree.type_ignores)


# ------------------------------------------------------------------------------------- sites


def _sites(node: ast.AST, scope: str, *, in_function: bool = False) -> Iterator[_Site]:
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list", "type_ignores"}:
            continue
        for at, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr):
                continue
            if isinstance(child, ast.expr | ast.AugAssign):
                yield _Site(child, node, field, at, scope, not in_function)
            inner, inside = scope, in_function or isinstance(child, ast.FunctionDef)
            if isinstance(child, ast.FunctionDef | ast.ClassDef) and not in_function:
                inner = f"{scope}.{child.name}".lstrip(".")
            yield from _sites(child, inner, in_function=inside)


def _changes(site: _Site) -> Iterator[tuple[str, str]]:
    """The kinds and the new sources of what may stand at the site instead."""
    node = site.node
    if (value := _literal(node)) is not None:
        if not _is_part_of_literal(site) and not _is_one_off(site.parent):
            yield "constant", str(value + 1)
            yield "constant", str(value - 1)
        return
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            yield from _roundings_of_call(name, node)
        case ast.BinOp() | ast.UnaryOp():
            yield from _roundings_of_quotient(node, site)
            yield from _half_left_out(node)
            yield from _one_offs(node)
        case ast.AugAssign(op=op) if _is_one_off(node):
            target = ast.unparse(node.target)
            yield "one-off", f"{target} += 0"
            yield "one-off", f"{target} {'-=' if isinstance(op, ast.Add) else '+='} 1"
        case ast.Compare():
            yield from _boundaries(node)
        case _:
            pass


# ---------------------------------------------------------------------------------- rounding


def _roundings_of_call(name: str, node: ast.Call) -> Iterator[tuple[str, str]]:
    arguments = [f"({ast.unparse(argument)})" for argument in node.args]
    rewritten = _HALF_UP.get(name) or _DOWN.get(name) or _UP.get(name)
    if rewritten:
        numerator, denominator = (part.format(*arguments) for part in rewritten)
        if name not in _DOWN:
            yield "rounding", f"{numerator} // {denominator}"
        if name not in _UP:
            yield "rounding", f"-(-{numerator} // {denominator})"
    elif name.startswith("amount") and _other_way(name) != name:
        yield "rounding", f"{_other_way(name)}({', '.join(map(ast.unparse, node.args))})"
    elif name == "floor":
        yield "rounding", f"math.ceil({', '.join(arguments)})"


def _other_way(name: str) -> str:
    if name.endswith("_up"):
        return name.removesuffix("_up") + "_down"
    return name.removesuffix("_down") + "_up" if name.endswith("_down") else name


def _roundings_of_quotient(node: ast.BinOp | ast.UnaryOp, site: _Site) -> Iterator[tuple[str, str]]:
    match node:
        case ast.UnaryOp(
            op=ast.USub(),
            operand=ast.BinOp(
                left=ast.UnaryOp(op=ast.USub(), operand=a), op=ast.FloorDiv()
            ) as all_,
        ):
            yield "rounding", f"({ast.unparse(a)}) // ({ast.unparse(all_.right)})"
        case ast.UnaryOp(
            op=ast.USub(),
            operand=ast.BinOp(
                left=ast.BinOp(left=ast.UnaryOp(op=ast.USub(), operand=a), right=b),
                op=ast.FloorDiv(),
                right=c,
            ),
        ):
            yield "rounding", f"({ast.unparse(a)}) * ({ast.unparse(b)}) // ({ast.unparse(c)})"
        case ast.BinOp(op=ast.FloorDiv(), left=left, right=right) if not _is_negated(site):
            yield "rounding", f"-(-({ast.unparse(left)}) // ({ast.unparse(right)}))"
        case ast.BinOp(op=ast.RShift(), left=ast.BinOp(op=ast.Mult()) as left, right=right):
            yield "rounding", f"-(-({ast.unparse(left)}) >> ({ast.unparse(right)}))"
        case _:
            pass


def _is_negated(site: _Site) -> bool:
    return isinstance(site.parent, ast.UnaryOp) and isinstance(site.parent.op, ast.USub)


def _half_left_out(node: ast.BinOp | ast.UnaryOp) -> Iterator[tuple[str, str]]:
    match node:
        case ast.BinOp(left=left, op=ast.Add(), right=ast.Name(id=name)) if "HALF" in name:
            yield "rounding", ast.unparse(left)
        case ast.BinOp(
            left=left,
            op=ast.Add(),
            right=ast.BinOp(op=ast.FloorDiv(), right=ast.Constant(value=2)),
        ):
            yield "rounding", ast.unparse(left)
        case _:
            pass


# ------------------------------------------------------------------- one-offs and boundaries


def _is_one_off(node: ast.AST) -> bool:
    match node:
        case ast.BinOp(op=ast.Add() | ast.Sub(), right=ast.Constant(value=1)):
            return True
        case ast.AugAssign(op=ast.Add() | ast.Sub(), value=ast.Constant(value=1)):
            return True
        case _:
            return False


def _one_offs(node: ast.BinOp | ast.UnaryOp) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.BinOp) and _is_one_off(node):
        left = ast.unparse(node.left)
        yield "one-off", left
        yield "one-off", f"({left}) {'-' if isinstance(node.op, ast.Add) else '+'} 1"


def _boundaries(node: ast.Compare) -> Iterator[tuple[str, str]]:
    for at, operator in enumerate(node.ops):
        if other := _BOUNDARIES.get(type(operator)):
            operators = [*node.ops[:at], other(), *node.ops[at + 1 :]]
            yield "boundary", ast.unparse(ast.Compare(node.left, operators, node.comparators))


# ----------------------------------------------------------------------------------- literals


def _literal(node: ast.AST) -> int | None:
    """The integer that an expression of literals alone gives, or none."""
    match node:
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _of_literals(0, ast.Sub(), _literal(operand))
        case ast.BinOp(left=left, op=operator, right=right):
            return _of_literals(_literal(left), operator, _literal(right))
        case _:
            return None


def _of_literals(left: int | None, operator: ast.operator, right: int | None) -> int | None:
    if left is None or right is None:
        return None
    match operator:
        case ast.Pow():
            return int(left**right)
        case ast.LShift():
            return left << right
        case ast.Mult():
            return left * right
        case ast.Sub():
            return left - right
        case ast.Add():
            return left + right
        case _:
            return None


def _is_part_of_literal(site: _Site) -> bool:
    return isinstance(site.parent, ast.BinOp | ast.UnaryOp) and _literal(site.parent) is not None
