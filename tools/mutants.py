"""The mutants of a module: its text, changed in one place by an operator of cosmic-ray."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ast
import difflib
import functools
import re
from collections.abc import Iterator
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType

import attrs
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names


@attrs.frozen
class Mutant:
    """One change of a file: the ``occurrence``-th place that ``operator`` can change."""

    file: str
    operator: str
    occurrence: int
    first_line: int
    last_line: int

    @property
    def name(self) -> str:
        """What the mutant is called in reports."""
        operator = self.operator.removeprefix("core/")
        return f"{Path(self.file).stem}:{self.first_line} {operator} {self.occurrence}"


#: Operators whose mutants change nothing here: small numbers, flags and words of the source
#: are one object wherever they are equal, and flags that are joined have no bit in common.
SAME_RESULT = re.compile(
    r"core/ReplaceComparisonOperator_(Eq_Is|Is_Eq|NotEq_IsNot|IsNot_NotEq)"
    r"|core/ReplaceBinaryOperator_(BitOr|BitXor|Add)_(BitOr|BitXor|Add)"
)


@functools.cache
def operators() -> dict[str, Operator]:
    """Return cosmic-ray's operators by name: those that need no argument and change a result."""
    names = [name for name in operator_names() if not SAME_RESULT.fullmatch(name)]
    classes = {name: get_operator(name) for name in names}
    return {name: kind() for name, kind in classes.items() if not kind.arguments()}


def mutants_of(file: Path) -> Iterator[Mutant]:
    """Give every mutant of a file."""
    nodes = list(ast_nodes(get_ast(file.read_text())))
    for name, operator in operators().items():
        places = (place for node in nodes for place in operator.mutation_positions(node))
        for occurrence, (first, last) in enumerate(places):
            yield Mutant(str(file), name, occurrence, first[0], last[0])


class _WithoutAnnotations(ast.NodeTransformer):
    """Blanks annotations, and imports for them: they are text that nothing runs."""

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        # attrs looks only for ClassVar in it.
        node.annotation = ast.Constant("annotation")
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST:
        if "TYPE_CHECKING" in ast.unparse(node.test):
            return ast.Pass()
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)


class _WithoutMarkers(ast.NodeTransformer):
    """Forgets the ``*`` and ``/`` between parameters, which cosmic-ray takes for operators."""

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        node.args = [*node.posonlyargs, *node.args, *node.kwonlyargs]
        node.defaults += [default for default in node.kw_defaults if default is not None]
        node.posonlyargs, node.kwonlyargs, node.kw_defaults = [], [], []
        return self.generic_visit(node)


def _tree(text: str) -> ast.Module:
    tree = _WithoutAnnotations().visit(ast.parse(text))
    assert isinstance(tree, ast.Module)
    return ast.fix_missing_locations(tree)


def _dump(text: str) -> str:
    return ast.dump(_WithoutMarkers().visit(_tree(text)))


@functools.lru_cache(maxsize=100)
def _original(file: str) -> tuple[str, str, CodeType]:
    text = Path(file).read_text()
    return text, _dump(text), compile(_tree(text), file, "exec", dont_inherit=True)


def statement_lines(mutant: Mutant) -> range:
    """Return the lines of the statement that a mutant changes, without a body it may have."""
    found = range(mutant.first_line, mutant.last_line + 1)
    for node in ast.walk(_parsed(mutant.file)):
        if isinstance(node, ast.stmt) and node.end_lineno is not None:
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if isinstance(body, list) else node.end_lineno
            if node.lineno <= mutant.first_line <= last:
                found = range(node.lineno, max(last, node.lineno) + 1)
    return found


@functools.lru_cache(maxsize=100)
def _parsed(file: str) -> ast.Module:
    return ast.parse(Path(file).read_text())


@attrs.frozen
class Change:
    """What a mutant comes to: the new text, and the one function it changes, None for others.

    ``code`` is that function's new code, ``place`` the line and the name of its old one.
    """

    text: str
    place: tuple[int, str] | None
    code: CodeType | None


def change_of(mutant: Mutant) -> Change | None:
    """Return what a mutant comes to; None if it changes nothing that is ever run.

    Those are no mutants: a change in an annotation, of a parameter's kind (no test passes
    it otherwise than the package does), and a text that does not compile.
    """
    text, dump, original = _original(mutant.file)
    mutated = mutate_code(text, operators()[mutant.operator], mutant.occurrence)
    try:
        tree = _tree(mutated or text)
        code = compile(tree, mutant.file, "exec", dont_inherit=True)
    except SyntaxError:
        return None
    if _dump(mutated or text) == dump:
        return None
    differing = _differing(original, code)
    if differing is None:
        return Change(mutated, None, None)
    before, after = differing
    return Change(mutated, (before.co_firstlineno, before.co_name), after)


def _differing(before: CodeType, after: CodeType) -> tuple[CodeType, CodeType] | None:
    """Return the function that differs, before and after; None if more does, or the module.

    A function inside a function counts as part of the outer one.
    """
    if _shape(before) != _shape(after):
        return None
    changed = [
        (old, new)
        for old, new in zip(_inner(before), _inner(after), strict=True)
        if _whole(old) != _whole(new)
    ]
    if len(changed) != 1:
        return None
    old, new = changed[0]
    # The body of a class runs when the module is read; what it defines is looked at like it.
    if not old.co_flags & CO_OPTIMIZED:
        return _differing(old, new)
    return (old, new) if old.co_freevars == new.co_freevars else None


def _inner(code: CodeType) -> list[CodeType]:
    return [const for const in code.co_consts if isinstance(const, CodeType)]


def _shape(code: CodeType) -> tuple[object, ...]:
    """Return what a code does, whatever the functions inside it do."""
    consts = [
        const.co_name if isinstance(const, CodeType) else repr(const) for const in code.co_consts
    ]
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, tuple(consts)


def _whole(code: CodeType) -> tuple[object, ...]:
    return *_shape(code), *(_whole(inner) for inner in _inner(code)), code.co_exceptiontable


def difference(mutant: Mutant) -> list[str]:
    """Return the lines that a mutant takes away and adds."""
    text = _original(mutant.file)[0]
    mutated = mutate_code(text, operators()[mutant.operator], mutant.occurrence) or text
    lines = difflib.unified_diff(text.splitlines(), mutated.splitlines(), lineterm="", n=0)
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
