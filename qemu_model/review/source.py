"""The mirror's source as one tree has it, and two trees compared as code."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ast
import difflib
import functools
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import attrs

from ..revisions.fields import Group
from ..revisions.folding import Fields, fold
from ..revisions.revision import Revision

_PACKAGE = Path(__file__).parents[1]
_C_FILE = re.compile(r'^C_FILE(?:: Final)? = "(.*)"$', re.MULTILINE)


class UnknownModule(Exception):
    """No module of the mirror has that name; the text says which there are."""


@attrs.frozen
class Source:
    """A module of the mirror as one tree has it; ``c_file`` as the newest release names it."""

    module: str
    c_file: str
    revision: Revision
    text: str


@attrs.frozen
class SourceDifference:
    """A module in two trees; ``lines`` are a unified diff, empty where it is the same."""

    before: Source
    after: Source
    lines: tuple[str, ...]


def fields_of(tree: Revision) -> Fields:
    """Return the values of a tree's fields by group and name."""
    return Fields(
        {
            group.name: dict(vars(value))
            for group in attrs.fields(Revision)
            if isinstance(value := getattr(tree, group.name), Group)
        }
    )


@functools.cache
def modules() -> Mapping[str, str]:
    """Return the modules of the mirror with the C file that each of them mirrors."""
    found = {}
    for path in sorted(_PACKAGE.glob("*.py")):
        declared = _C_FILE.search(path.read_text(encoding="utf-8"))
        if declared is not None:
            found[path.stem] = declared[1]
    return MappingProxyType(found)


def module_called(name: str) -> str:
    """Return the module that a name means: a module's, a C file's, or a C file's path.

    Raises :class:`UnknownModule`.
    """
    known = modules()
    wanted = name.removeprefix("qemu_model/").removesuffix(".py")
    if wanted in known:
        return wanted
    c_name = name.rsplit("/", 1)[-1]
    for module, c_file in known.items():
        if name == c_file or c_name.removesuffix(".c") == c_file.rsplit("/", 1)[-1].removesuffix(
            ".c"
        ):
            return module
    raise UnknownModule(f"no module of the mirror is called '{name}'; there are {', '.join(known)}")


def source(tree: Revision, module: str) -> Source:
    """Return a module as ``tree`` has it: fields folded, dead branches gone, comments kept.

    Raises :class:`UnknownModule`.
    """
    name = module_called(module)
    text = (_PACKAGE / f"{name}.py").read_text(encoding="utf-8")
    if "tree." in text:
        text = fold(text, fields_of(tree), _names_taken().get(name, frozenset()))
    return Source(name, modules()[name], tree, text)


@functools.cache
def _names_taken() -> Mapping[str, frozenset[str]]:
    """Return the names that the package's modules take from each module by its name."""
    names: dict[str, set[str]] = {}
    for path in _PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.ImportFrom(module=str(origin)):
                    taken = names.setdefault(origin.split(".")[-1], set())
                    taken.update(alias.name for alias in node.names)
                case ast.Attribute(value=ast.Name(id=owner)):
                    names.setdefault(owner, set()).add(node.attr)
    return MappingProxyType({name: frozenset(taken) for name, taken in names.items()})


def compare(before: Revision, after: Revision, module: str) -> SourceDifference:
    """Return a module in two trees, with a unified diff.  Raises :class:`UnknownModule`."""
    first, second = source(before, module), source(after, module)
    lines = difflib.unified_diff(
        first.text.splitlines(),
        second.text.splitlines(),
        f"{first.module}.py in {before.name}",
        f"{second.module}.py in {after.name}",
        lineterm="",
    )
    return SourceDifference(first, second, tuple(lines))
