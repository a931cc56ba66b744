"""The mutants of a module: its text, changed in one place by an operator of cosmic-ray."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ast
import difflib
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import attrs
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names


@attrs.frozen
class Mutant:
    """One change of a file: the ``occurrence``-th place that ``operator`` can change."""

    file: Path
    operator: str
    occurrence: int
    line: int

    @property
    def name(self) -> str:
        """What the mutant is called in reports."""
        operator = self.operator.removeprefix("core/")
        return f"{self.file.stem}:{self.line} {operator} {self.occurrence}"

    @property
    def text(self) -> str:
        """The module's text with the change."""
        text = self.file.read_text()
        return mutate_code(text, operators()[self.operator], self.occurrence) or text

    def difference(self) -> list[str]:
        """Return the lines that the mutant takes away and adds."""
        before, after = self.file.read_text().splitlines(), self.text.splitlines()
        lines = difflib.unified_diff(before, after, lineterm="", n=0)
        return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]

    def statement(self) -> range:
        """Return the lines of the statement that is changed, without a body it may have."""
        found = range(self.line, self.line + 1)
        for node in ast.walk(_parsed(self.file)):
            if isinstance(node, ast.stmt) and node.end_lineno is not None:
                body = getattr(node, "body", None)
                last = body[0].lineno - 1 if isinstance(body, list) else node.end_lineno
                if node.lineno <= self.line <= last:
                    found = range(node.lineno, max(last, node.lineno) + 1)
        return found

    def changes_something(self) -> bool:
        """Whether the change is of anything that runs: no annotation, ``*`` or ``/``."""
        try:
            return _what_runs(self.text) != _what_runs(self.file.read_text())
        except SyntaxError:
            return False


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
        for occurrence, (first, _last) in enumerate(places):
            yield Mutant(file, name, occurrence, first[0])


def _what_runs(text: str) -> str:
    """Return a module's syntax without annotations, kinds of parameters and caches.

    cosmic-ray takes what is in the first two for operators, and a cache of answers changes
    only how long they take.
    """
    tree = ast.parse(text)
    for node in ast.walk(tree):
        match node:
            case ast.arg() | ast.AnnAssign():
                node.annotation = ast.Constant(None)
            case ast.FunctionDef():
                node.returns = None
                node.decorator_list = [
                    one for one in node.decorator_list if ast.unparse(one) != "functools.cache"
                ]
            case ast.arguments():
                node.args = [*node.posonlyargs, *node.args, *node.kwonlyargs]
                node.posonlyargs = node.kwonlyargs = []
            case ast.If() if "TYPE_CHECKING" in ast.unparse(node.test):
                node.test, node.body = ast.Constant(None), []
    return ast.dump(tree)


@functools.lru_cache(maxsize=100)
def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text())
