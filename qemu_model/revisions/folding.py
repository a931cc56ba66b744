"""Print a module of the mirror as one tree has it: fields folded, dead branches gone.

Every difference between trees is read in one form, ``qemu.tree.<group>.<field>``.  So a
module can be rewritten for one tree: the field's value stands in its place, conditions
that are constant then decide, and what can no longer be reached is left out.  Comments
and layout stay.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, cast

import attrs
import libcst as cst
import libcst.matchers as m

#: What a field may be for its value to be written into the source.
Constant = bool | int | str | None
#: What stands in the text of a statement that reads a field.
_TREE: Final = "tree."
_Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement
#: How often folding is repeated: each pass can make the next condition constant.
PASSES: Final = 8


class _Absent:
    """The value of an expression that is not constant."""


_ABSENT: Final = _Absent()


@attrs.frozen
class Fields:
    """The values of a tree's fields: group -> field -> value."""

    groups: Mapping[str, Mapping[str, object]]

    def value(self, node: cst.BaseExpression) -> object:
        """Return the value of ``<x>.tree.<group>.<field>``, or :data:`_ABSENT`."""
        match node:
            case cst.Attribute(
                value=cst.Attribute(value=owner, attr=cst.Name(value=group)),
                attr=cst.Name(value=field),
            ) if _is_tree(owner):
                return self.groups.get(group, {}).get(field, _ABSENT)
        return _ABSENT


def _is_tree(node: cst.BaseExpression) -> bool:
    """Whether an expression names the tree: ``tree``, ``qemu.tree``, ``self.qemu.tree``."""
    match node:
        case cst.Name(value="tree") | cst.Attribute(attr=cst.Name(value="tree")):
            return True
    return False


def _literal(value: object) -> cst.BaseExpression | None:
    """Return the expression for a constant, or None for another value."""
    if value is None or isinstance(value, bool | int | str):
        return cst.parse_expression(repr(value))
    return None


def _constant(node: cst.BaseExpression) -> object:
    """Return the value of a literal, or :data:`_ABSENT`."""
    match node:
        case cst.Name(value="True"):
            return True
        case cst.Name(value="False"):
            return False
        case cst.Name(value="None"):
            return None
        case cst.Integer():
            return node.evaluated_value
        case cst.SimpleString():
            return node.evaluated_value
    return _ABSENT


def _truth(node: cst.BaseExpression) -> object:
    """Return whether a condition always or never holds, or :data:`_ABSENT`.

    ``x and False`` never holds, if leaving out ``x`` leaves out no call.
    """
    if isinstance(node, cst.BooleanOperation) and not m.findall(node.left, m.Call()):
        decides = isinstance(node.operator, cst.Or)
        for side in (node.left, node.right):
            value = _truth(side)
            if value is not _ABSENT and bool(value) == decides:
                return decides
    return _constant(node)


_COMPARE: Final[Mapping[type[cst.BaseCompOp], Callable[[object, object], bool]]] = MappingProxyType(
    {
        cst.Equal: lambda left, right: left == right,
        cst.NotEqual: lambda left, right: left != right,
        cst.Is: lambda left, right: left is right,
        cst.IsNot: lambda left, right: left is not right,
    }
)
_ORDER: Final[Mapping[type[cst.BaseCompOp], Callable[[int, int], bool]]] = MappingProxyType(
    {
        cst.LessThan: lambda left, right: left < right,
        cst.LessThanEqual: lambda left, right: left <= right,
        cst.GreaterThan: lambda left, right: left > right,
        cst.GreaterThanEqual: lambda left, right: left >= right,
    }
)


class _Fold(cst.CSTTransformer):
    """One pass of folding."""

    def __init__(self, fields: Fields) -> None:
        super().__init__()
        self.fields = fields
        self._elifs: set[cst.CSTNode] = set()

    def visit_If(self, node: cst.If) -> None:
        """Note that the condition of an ``elif`` is not a statement of its own."""
        if isinstance(node.orelse, cst.If):
            self._elifs.add(node.orelse)

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        """Put a field's value in its place."""
        return _literal(self.fields.value(updated_node)) or updated_node

    def leave_UnaryOperation(
        self, original_node: cst.UnaryOperation, updated_node: cst.UnaryOperation
    ) -> cst.BaseExpression:
        """Fold ``not`` of a constant."""
        if isinstance(updated_node.operator, cst.Not):
            value = _constant(updated_node.expression)
            if value is not _ABSENT:
                return cst.Name(str(not value))
        return updated_node

    def leave_BooleanOperation(
        self, original_node: cst.BooleanOperation, updated_node: cst.BooleanOperation
    ) -> cst.BaseExpression:
        """Fold ``and`` and ``or`` with a constant on the left, or True and False on the right."""
        decides = isinstance(updated_node.operator, cst.Or)
        left = _constant(updated_node.left)
        if left is not _ABSENT:
            return updated_node.left if bool(left) == decides else updated_node.right
        if _constant(updated_node.right) is (not decides):
            return updated_node.left
        return updated_node

    def leave_BinaryOperation(
        self, original_node: cst.BinaryOperation, updated_node: cst.BinaryOperation
    ) -> cst.BaseExpression:
        """Leave out a 0 among flags."""
        if isinstance(updated_node.operator, cst.BitOr):
            if _constant(updated_node.right) == 0:
                return updated_node.left
            if _constant(updated_node.left) == 0:
                return updated_node.right
        return updated_node

    def leave_Comparison(
        self, original_node: cst.Comparison, updated_node: cst.Comparison
    ) -> cst.BaseExpression:
        """Fold a comparison of two constants."""
        if len(updated_node.comparisons) == 1:
            (target,) = updated_node.comparisons
            left, right = _constant(updated_node.left), _constant(target.comparator)
            compare = _COMPARE.get(type(target.operator))
            if compare is not None and left is not _ABSENT and right is not _ABSENT:
                return cst.Name(str(compare(left, right)))
            order = _ORDER.get(type(target.operator))
            if order is not None and isinstance(left, int) and isinstance(right, int):
                return cst.Name(str(order(left, right)))
        return updated_node

    def leave_IfExp(self, original_node: cst.IfExp, updated_node: cst.IfExp) -> cst.BaseExpression:
        """Fold a conditional expression with a constant condition."""
        value = _constant(updated_node.test)
        if value is _ABSENT:
            return updated_node
        return updated_node.body if value else updated_node.orelse

    def leave_If(self, original_node: cst.If, updated_node: cst.If) -> Any:
        """Keep the branch that a constant condition chooses.

        For an ``elif`` that is an ``else``, which libcst's own types do not have.
        """
        value = _truth(updated_node.test)
        if value is _ABSENT:
            return updated_node
        if original_node in self._elifs:
            if value:
                return cst.Else(updated_node.body, updated_node.leading_lines)
            return updated_node.orelse or cst.RemoveFromParent()
        if value:
            return _flattened(updated_node.leading_lines, updated_node.body)
        match updated_node.orelse:
            case None:
                return cst.RemoveFromParent()
            case cst.If() as following:
                return following.with_changes(leading_lines=updated_node.leading_lines)
            case cst.Else(body=body):
                return _flattened(updated_node.leading_lines, body)
        return updated_node

    def leave_MatchCase(self, original_node: cst.MatchCase, updated_node: cst.MatchCase) -> Any:
        """Leave out a case whose guard never holds, and a guard that always holds."""
        value = _ABSENT if updated_node.guard is None else _truth(updated_node.guard)
        if value is _ABSENT:
            return updated_node
        if not value:
            return cst.RemoveFromParent()
        return cst.MatchCase(
            updated_node.pattern, updated_node.body, leading_lines=updated_node.leading_lines
        )

    def leave_Match(
        self, original_node: cst.Match, updated_node: cst.Match
    ) -> cst.BaseStatement | cst.RemovalSentinel:
        """Leave out the cases after one that every value fits; without cases, the statement."""
        cases = list(updated_node.cases)
        for place, case in enumerate(cases, 1):
            match case:
                case cst.MatchCase(pattern=cst.MatchAs(pattern=None), guard=None):
                    return updated_node.with_changes(cases=cases[:place])
        return updated_node if cases else cst.RemoveFromParent()

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        """Leave out the return that a branch ended in, where the function ends with it now."""
        body = updated_node.body.body
        if len(body) > 1 and m.matches(body[-1], _BARE_RETURN):
            return updated_node.with_deep_changes(updated_node.body, body=body[:-1])
        return updated_node

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.BaseSuite:
        """Leave out statements after a return or raise; an empty block becomes pass."""
        body: list[cst.BaseStatement] = []
        for statement in updated_node.body:
            body.append(statement)
            if m.matches(statement, m.SimpleStatementLine(body=[m.Return() | m.Raise()])):
                break
        if not body:
            body = [cst.SimpleStatementLine([cst.Pass()])]
        return updated_node.with_changes(body=body)


def _flattened(
    leading: Sequence[cst.EmptyLine], suite: cst.BaseSuite
) -> cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel:
    """Return the statements of a branch, with the comments before its condition."""
    statements = [cast(cst.BaseStatement, one) for one in suite.body]
    statements = [one for one in statements if not m.matches(one, _PASS)]
    if not statements:
        return cst.RemoveFromParent()
    first = statements[0]
    lines = (*leading, *getattr(first, "leading_lines", ()))
    return cst.FlattenSentinel([first.with_changes(leading_lines=lines), *statements[1:]])


_PASS: Final = m.SimpleStatementLine(body=[m.Pass()])
_BARE_RETURN: Final = m.SimpleStatementLine(body=[m.Return(value=None)])


class _Propagate(cst.CSTTransformer):
    """Put the value of a local name that is assigned once, to a constant, in its places."""

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        """Replace such names in one function."""
        known = _assigned_once(updated_node)
        if not known:
            return updated_node
        replaced = updated_node.body.visit(_Replace(known))
        return updated_node.with_changes(body=replaced)


def _assigned_once(function: cst.FunctionDef) -> dict[str, cst.BaseExpression]:
    """Return the names that a function binds once, to a constant."""
    bound: dict[str, int] = {}
    constant: dict[str, cst.BaseExpression] = {}
    for node in m.findall(function, m.AssignTarget() | m.AugAssign() | m.For() | m.NamedExpr()):
        target = node.target  # type: ignore[attr-defined]  # all four have a target
        for name in m.findall(target, m.Name()):
            bound[cast(cst.Name, name).value] = bound.get(cast(cst.Name, name).value, 0) + 1
    for node in m.findall(function.body, m.Assign(targets=[m.AssignTarget(target=m.Name())])):
        assign = cast(cst.Assign, node)
        local = cast(cst.Name, assign.targets[0].target).value
        if bound[local] == 1 and isinstance(_constant(assign.value), bool | int):
            constant[local] = assign.value
    return constant


class _Replace(cst.CSTTransformer):
    """Replace names by constants, and remove their assignments."""

    def __init__(self, known: Mapping[str, cst.BaseExpression]) -> None:
        super().__init__()
        self.known = known

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.RemovalSentinel:
        """Remove the assignment of a name that was replaced."""
        match original_node.body:
            case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))])]:
                if name in self.known:
                    return cst.RemoveFromParent()
        return updated_node

    def visit_Attribute_attr(self, node: cst.Attribute) -> None:
        """An attribute's own name is not a local name."""

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.Attribute:
        """Keep the name behind the dot as it was."""
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        """Keep the keyword of an argument as it was."""
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        """Replace a name."""
        return self.known.get(updated_node.value, updated_node)


class _DropFunctions(cst.CSTTransformer):
    """Remove functions of the module that are no longer called."""

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__()
        self.names = names

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.RemovalSentinel:
        """Remove a function of one of the names."""
        if updated_node.name.value in self.names:
            return cst.RemoveFromParent()
        return updated_node


class _DropUnused(cst.CSTTransformer):
    """Remove imported names that are no longer used."""

    def __init__(self, used: frozenset[str], before: frozenset[str]) -> None:
        super().__init__()
        self.used, self.before = used, before

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom | cst.RemovalSentinel:
        """Remove names that folding made useless."""
        if isinstance(updated_node.names, cst.ImportStar):
            return updated_node
        kept = [alias for alias in updated_node.names if self._is_kept(alias)]
        if len(kept) == len(updated_node.names):
            return updated_node
        if not kept:
            return cst.RemoveFromParent()
        last = kept[-1].with_changes(comma=updated_node.names[-1].comma)
        return updated_node.with_changes(names=[*kept[:-1], last])

    def _is_kept(self, alias: cst.ImportAlias) -> bool:
        name = alias.evaluated_alias or alias.evaluated_name
        return name in self.used or name not in self.before


def _used(source: str) -> frozenset[str]:
    """Return the names that a module uses outside its imports, in quoted annotations too.

    The name of a function is not used where it is defined.
    """
    names = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case (
                ast.Name(id=name)
                | ast.Attribute(attr=name)
                | ast.arg(arg=name)
                | ast.keyword(arg=str(name))
                | ast.Constant(value=str(name))
            ):
                names.add(name)
    return frozenset(names)


def fold(source: str, fields: Fields, needed_elsewhere: frozenset[str] = frozenset()) -> str:
    """Return ``source``, a module of the mirror, as the tree with these fields has it.

    The result is Python that behaves in that tree as the module does.  Functions and imports
    that only dead branches used are left out, but for the names ``needed_elsewhere``.
    """
    module = cst.parse_module(source)
    before = _used(source)
    module = module.with_changes(
        body=[
            _folded(statement, fields) if _TREE in module.code_for_node(statement) else statement
            for statement in module.body
        ]
    )
    after = _used(module.code)
    dropped = before - after - needed_elsewhere
    if dropped:
        module = module.visit(_DropFunctions(dropped))
        after = _used(module.code)
    return module.visit(_DropUnused(after, before)).code if before - after else module.code


def _folded(statement: _Statement, fields: Fields) -> _Statement:
    """Return a statement of the module, which reads the tree, as the tree with these fields."""
    for _ in range(PASSES):
        folded = cast(_Statement, statement.visit(_Fold(fields)))
        folded = cast(_Statement, folded.visit(_Propagate()))
        if folded.deep_equals(statement):
            break
        statement = folded
    return statement
