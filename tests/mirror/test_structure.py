"""How the package is built: what may import what, and what must not be in it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ast
import graphlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import needs
from recordings import SETS, recordings

import qemu_model
from qemu_model import messages
from qemu_model.calls.clauses import CLAUSES
from qemu_model.revisions.origins import newest_origin

PACKAGE = Path(qemu_model.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
#: Higher may import lower, never the other way round.
LAYERS = {
    "__main__": 7,
    "cli": 6,
    "api": 6,
    "testing": 5,
    "explorer": 5,
    "explain": 5,
    "findings": 5,
    "review": 5,
    "judge": 5,
    "conform": 5,
    "inspect": 5,
    "guest": 5,
    "host": 0,
    "records": 0,
}
#: An event is part of the host's language; a run as a whole is above the process.
CALLS = {"calls": 0, "event": 0, "strace_text": 0, "report": 5, "inferences": 5, "said": 5}
OUTSIDE = {"ctypes", "os", "subprocess", "signal", "mmap", "socket"}


def name_of(path: Path) -> str:
    return ".".join(("qemu_model", *path.relative_to(PACKAGE).with_suffix("").parts))


def mirrored() -> list[Path]:
    """Return the modules that mirror a C file: they say so with ``C_FILE``."""
    return [path for path in MODULES if re.search(r"^C_FILE = ", path.read_text(), re.M)]


def statements(path: Path, *, deep: bool) -> Iterator[ast.stmt]:
    """Yield what runs when a module is loaded; ``deep``: and later, but not types alone."""
    waiting: list[ast.stmt] = ast.parse(path.read_text()).body
    while waiting:
        statement = waiting.pop()
        yield statement
        if deep and not (isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement)):
            waiting += [one for one in ast.iter_child_nodes(statement) if isinstance(one, ast.stmt)]


def imports(path: Path, *, deep: bool = False) -> set[str]:
    """Return the modules a module imports when it is loaded, absolute; ``deep``: and later."""
    found: set[str] = set()
    here = name_of(path).split(".")
    package = here if path.name == "__init__.py" else here[:-1]
    if path.name == "__init__.py":
        package = here[:-1]
    for node in statements(path, deep=deep):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            target = ".".join([*base, *([node.module] if node.module else [])])
            found.update({target, *(f"{target}.{alias.name}" for alias in node.names)})
    return found


def layer(module: str) -> int | None:
    parts = module.split(".")
    if parts[0] != "qemu_model" or len(parts) < 2:
        return None
    if parts[1] == "process":
        return 4
    if parts[1] == "calls":
        return CALLS.get((*parts, "calls")[2], 2)
    return LAYERS.get(parts[1], 2)


def is_export_list(node: ast.Assign | ast.AnnAssign) -> bool:
    """Whether the statement is ``__all__ = [...]``, which the language wants to be a list."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)


def test_the_package_under_test_is_the_installed_wheel() -> None:
    needs(os.environ.get("QEMU_MODEL_WHEEL") == "1", "run-tests: else the checkout is tested")
    assert "site-packages" in str(PACKAGE)


@pytest.mark.parametrize("path", mirrored(), ids=lambda path: path.stem)
def test_a_mirrored_module_holds_decisions_and_no_effects(path: Path) -> None:
    assert {name.split(".")[0] for name in imports(path)} & OUTSIDE == set()


def test_imports_point_one_way() -> None:
    wrong = [
        f"{name_of(path)} imports {target}"
        for path in MODULES
        for target in imports(path)
        for low, high in [(layer(name_of(path)), layer(target))]
        if low is not None and high is not None and high > low
    ]
    assert wrong == []


def test_outside_the_mirror_no_imports_go_round_in_a_circle() -> None:
    """C files of QEMU call each other; what was built around them does not."""
    of_c = {name_of(path) for path in mirrored()}
    known = {name_of(path).removesuffix(".__init__") for path in MODULES}
    arrows = {
        name: {
            target
            for target in imports(path, deep=True) & known
            if not {name, target} <= of_c and not name.startswith(target + ".")
        }
        for path in MODULES
        for name in [name_of(path)]
        if path.name != "__init__.py"
    }
    assert list(graphlib.TopologicalSorter(arrows).static_order()) != []


def test_no_modules_import_each_other_as_they_are_loaded() -> None:
    """C files of QEMU call each other: there the later import is in the function that calls."""
    known = {name_of(path).removesuffix(".__init__") for path in MODULES}
    arrows = {
        name: {target for target in imports(path) & known if not name.startswith(f"{target}.")}
        for path in MODULES
        for name in [name_of(path)]
        if path.name != "__init__.py"
    }
    assert list(graphlib.TopologicalSorter(arrows).static_order()) != []


def test_no_module_holds_state_that_can_change() -> None:
    wrong = []
    for path in MODULES:
        for node in ast.parse(path.read_text()).body:
            if (
                isinstance(node, ast.Assign | ast.AnnAssign)
                and isinstance(
                    node.value,
                    ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp,
                )
                and not is_export_list(node)
            ):
                wrong.append(f"{name_of(path)}:{node.lineno}")
    assert wrong == []


def test_no_group_is_possessive() -> None:
    """Python 3.11.2, Debian 12's own, forgets where such a group began if it fails midway.

    An atomic group, ``(?>(?:...)*)`` for ``(?:...)*+``, says the same and is right there too.
    """
    possessive = re.compile(r"(?<!\\)\)(?:[*+?]|\{[\d,]+\})\+")
    wrong = [
        f"{name_of(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str | bytes)
        and possessive.search(
            node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        )
    ]
    assert wrong == []


def test_no_recorded_case_is_in_the_package() -> None:
    """The model follows rules: it knows no recorded case's name, argument or path."""
    words: set[str] = set()
    for name in SETS:
        for one in recordings(name):
            words.add(one.name)
            words.update(arg for arg in one.args if len(arg) > 20 and "=" in arg)
            words.update(one.files_after)
    text = "\n".join(path.read_text() for path in MODULES)
    found = sorted(
        word
        for word in words
        if word in text and re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)
    )
    assert found == []


def public_definitions(tree: ast.Module) -> list[ast.FunctionDef | ast.ClassDef]:
    """Return the module's public functions and classes, and the classes' public methods."""
    found: list[ast.FunctionDef | ast.ClassDef] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(node)
        if isinstance(node, ast.ClassDef):
            found += [inner for inner in node.body if isinstance(inner, ast.FunctionDef)]
    return [node for node in found if not node.name.startswith("_")]


def test_every_public_function_says_what_it_does() -> None:
    silent = [
        f"{name_of(path)}.{node.name}"
        for path in MODULES
        for node in public_definitions(ast.parse(path.read_text()))
        if not ast.get_docstring(node)
    ]
    assert silent == []


def test_every_message_and_every_rule_names_a_function_of_the_mirror() -> None:
    """A wrong origin would show as a wrong clause in a verdict."""
    defined = set()
    for path in mirrored():
        source = path.read_text()
        declared = re.search(r'^C_FILE = "(.*)"', source, re.M)
        assert declared
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                defined.add(newest_origin(f"{declared[1]}:{node.name}"))
    unknown = sorted({by for by, _call in CLAUSES} - defined)
    assert unknown == []
    files = {origin.split(":")[0] for origin in defined}
    of_messages = {message.function.split(":")[0] for message in messages.catalogue().values()}
    assert {
        name for name in of_messages if name.startswith(("system/physmem", "util", "backends"))
    } <= files | {f"util/{name}.c" for name in ("cutils", "keyval", "qemu-config", "qemu-option")}


def test_every_file_carries_its_licence() -> None:
    without = [
        name_of(path)
        for path in MODULES
        if "SPDX-License-Identifier: GPL-2.0-or-later" not in path.read_text()
    ]
    assert without == []


#: The functions that compare releases: one for texts, one for rows and trees.
COMPARE_RELEASES = {"value_in", "is_between"}
#: Names of a release's number; ``version`` is a machine type's, which C compares too.
OF_A_RELEASE = {"release", "since", "until"}
ORDERED = ast.Lt | ast.LtE | ast.Gt | ast.GtE | ast.Eq | ast.NotEq


def names_a_release(node: ast.AST) -> bool:
    """Whether an expression is a release's number, or begins with one (``release[:2]``)."""
    match node:
        case ast.Subscript(value=value):
            return names_a_release(value)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in OF_A_RELEASE
        case ast.Call(func=ast.Name(id="parse_release")):
            return True
    return False


def compares_releases(node: ast.AST) -> bool:
    match node:
        case ast.Compare(left=left, ops=ops, comparators=others):
            of_text = any(
                isinstance(one, ast.Constant | ast.JoinedStr)
                or (isinstance(one, ast.Attribute) and one.attr == "name")
                for one in (left, *others)
            )
            return (
                any(isinstance(op, ORDERED) for op in ops)
                and any(map(names_a_release, (left, *others)))
                and not of_text
            )
        case ast.keyword(arg="key", value=ast.Lambda(body=body)):
            return names_a_release(body)
    return False


def test_releases_are_compared_in_two_functions_alone() -> None:
    """A text is looked up by release and a row has since and until; all else is a field."""
    comparing = {
        (name_of(path), function.name if isinstance(function, ast.FunctionDef) else "")
        for path in MODULES
        for function in ast.parse(path.read_text()).body
        for node in ast.walk(function)
        if compares_releases(node)
    }
    assert comparing == {("qemu_model.revisions.release", name) for name in COMPARE_RELEASES}


def test_public_names_of_the_mirror_are_names_of_c() -> None:
    """What C does not have begins with an underscore."""
    lines = Path(__file__).parents[1].joinpath("data", "c_names.txt").read_text().splitlines()
    of_c = {line for line in lines if not line.startswith("#")}
    public = {
        node.name
        for path in mirrored()
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }
    assert public == of_c
