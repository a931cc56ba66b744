"""Parts of the reference that are made from the package itself, and so cannot go stale.

``.. generated:: messages`` stands for what :data:`PARTS` makes under that name, as
reStructuredText.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import qemu_model

PACKAGE: Final = Path(qemu_model.__file__).parent
#: Columns of a terminal, for what commands print.
WIDTH: Final = "100"


def title(text: str, line: str = "-") -> list[str]:
    return [text, line * len(text), ""]


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], widths: str = "auto") -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", ""]
    for row in (heads, *rows):
        for place, cell in enumerate(row):
            first, *rest = (cell or "\\ ").split("\n")
            lines.append(f"   {'*' if not place else ' '} - {first}")
            lines += [f"       {line}" if line else "" for line in rest]
    return [*lines, ""]


def literal(text: str, language: str = "text") -> list[str]:
    return [
        f".. code-block:: {language}",
        "",
        *textwrap.indent(text.rstrip("\n"), "   ").split("\n"),
        "",
    ]


def code(text: str) -> str:
    """Return ``text`` as a literal: spaces at its ends are told in words."""
    inner = f"``{text.strip()}``"
    return f"{inner} (ends in a space)" if text.endswith(" ") else inner


def escaped(text: str) -> str:
    for mark in "\\*`|_":
        text = text.replace(mark, f"\\{mark}")
    return text


def printed(argv: Sequence[str], width: str = WIDTH) -> str:
    """Return what a command prints on stdout, on a terminal of so many columns."""
    from qemu_model.cli import main

    before = {name: os.environ.get(name) for name in ("COLUMNS", "NO_COLOR")}
    os.environ.update(COLUMNS=width, NO_COLOR="1")
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            status = main(list(argv))
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    if status:
        raise RuntimeError(f"qemu-model {' '.join(argv)} ended with {status}")
    return out.getvalue()


# What there is to make


def commands() -> Iterator[str]:
    from qemu_model.cli import COMMANDS

    for name, (_module, what) in COMMANDS.items():
        yield from [f".. _command-{name}:", ""]
        yield from title(name)
        yield from [f"{what[0].upper()}{what[1:]}.", ""]
        yield from literal(printed([name, "--help"]))


def command_line_options() -> Iterator[str]:
    from qemu_model.qemu_options_hx import qemu_options
    from qemu_model.revisions.release import release_text

    rows = []
    for name, option in sorted(qemu_options().items(), key=lambda item: item[0].lower()):
        since = release_text(option.since) if option.since > (3, 1, 50) else "3.1 or earlier"
        until = release_text(option.until) if option.until else ""
        rows.append((f"``-{name}``", "yes" if option.has_arg else "", since, until))
    yield from table(("option", "takes a value", "since", "removed in"), rows)


def object_properties() -> Iterator[str]:
    """Ask every release for the properties of every backend, as a user would."""
    import qemu_model as model
    from qemu_model.revision import RELEASES, REVISIONS, SERIES

    trees = [*SERIES[:1], SERIES[-1], *RELEASES]
    for kind in ("file", "ram", "memfd", "shm"):
        found: dict[str, list[str]] = {}
        types: dict[str, str] = {}
        for tree in trees:
            done = model.run(
                f"-object memory-backend-{kind},help", "sim:default", REVISIONS[tree.name]
            )
            for line in done.stdout:
                shown = line.strip()
                name, _, rest = shown.partition("=<")
                if rest:
                    found.setdefault(name, []).append(tree.name)
                    types[name] = rest.partition(">")[0]
        if not found:
            continue
        yield from title(f"memory-backend-{kind}", "~")
        rows = [
            (f"``{name}``", f"``{types[name]}``", releases(names))
            for name, names in sorted(found.items())
        ]
        yield from table(("property", "type", "in"), rows)


def releases(names: Sequence[str]) -> str:
    """Return which releases, and whether V8, have something."""
    from qemu_model.revision import RELEASES

    order = [tree.name for tree in RELEASES]
    parts = []
    for inside, run in groupby(order, key=lambda name: name in names):
        found = [name.removeprefix("qemu-") for name in run]
        if inside:
            last = "" if found[-1] == order[-1].removeprefix("qemu-") else found[-1]
            parts.append("all" if len(found) == len(order) else f"{found[0]} to {last}".rstrip()
                         if last != found[0] else found[0])  # fmt: skip
    inside = ", ".join(parts).replace(" to,", " and later,")
    inside = f"{inside.removesuffix(' to')} and later" if inside.endswith(" to") else inside
    if "v8" in names and "base" not in names:
        return f"V8{', ' if inside else ' only'}{inside}"
    return inside


def c_file_of(message: Any) -> str:
    return str(message.function).partition(":")[0]


def messages_by_file() -> dict[str, list[Any]]:
    """Return the messages of the catalogue by the C file that says them."""
    from qemu_model.messages import catalogue

    known = sorted(
        catalogue().values(), key=lambda one: (c_file_of(one), one.function, one.template)
    )
    return {file: list(group) for file, group in groupby(known, key=c_file_of)}


def message(one: Any) -> Iterator[str]:
    text = one.template + (": <strerror>" if one.errno else "")
    yield from title(code(text), "-")
    function = one.function.partition(":")[2]
    said = {
        "error": "An error",
        "stderr": "Printed on stderr, no error",
        "warning": "A warning on stderr",
        "abort": "An assertion; QEMU aborts",
    }.get(one.stream, one.stream)
    yield f"{said}, from ``{function}()``. Said by {trees(said_in(one))}."
    yield ""
    yield from (f"* {escaped(condition)}" for condition in one.conditions)
    yield ""


def trees(names: Sequence[str]) -> str:
    """Return names of revisions in words, a whole range where it is whole."""
    from qemu_model.revision import POSTINGS, RELEASES, REVISIONS, SERIES

    if set(names) == set(REVISIONS):
        return "every revision"
    parts = []
    for trees_in_order in (SERIES, POSTINGS, RELEASES):
        order = [tree.name for tree in trees_in_order]
        for inside, run in groupby(order, key=lambda name: name in names):
            found = list(run)
            if inside:
                parts.append(found[0] if len(found) == 1 else f"{found[0]} to {found[-1]}")
    return ", ".join(parts)


def said_in(message: Any) -> list[str]:
    """Return the names of the trees that say a message."""
    from qemu_model.revision import REVISIONS

    return [name for name, tree in REVISIONS.items() if message.is_said_in(tree)]


def matrix() -> Iterator[str]:
    yield from literal(printed(["matrix"]))


def matrix_releases() -> Iterator[str]:
    hosts = "sim:ext4-dax,sim:device-dax,sim:ext4"
    yield from literal(printed(["matrix", "--revision", "releases", "--host", hosts]))


def profiles() -> Iterator[str]:
    from qemu_model.host import profiles as shipped

    rows = []
    for name in shipped.names():
        profile = shipped.load(name)
        rows.append((f"``{name}``", escaped(profile.title), f"``{profile.mem_path}``",
                     profile.evidence))  # fmt: skip
    yield from table(("profile", "the machine", "path", "known from"), rows)


def profile_answers() -> Iterator[str]:
    from qemu_model.host import profiles as shipped
    from qemu_model.host.profile import COLUMNS

    known: dict[str, Any] = {}
    for profile in shipped.names():
        known.update(shipped.load(profile).document["file_systems"])
    rows = []
    for name, told in sorted(known.items()):
        cells = [told["mmap"][column] for column in COLUMNS]
        evidence = sorted({cell["evidence"] for cell in cells})
        rows.append((f"``{name}``", *(cell["answer"] for cell in cells), ", ".join(evidence)))
    kinds = [f"``{column.replace('MAP_', '')}``" for column in COLUMNS]
    yield from table(("file on", *kinds, "known from"), rows)


def kernels() -> Iterator[str]:
    """The table of each kernel that was measured in a guest, side by side."""
    from qemu_model.host.measured import COLUMNS, answer_text
    from qemu_model.host.measured import kernels as measured

    tables = measured()
    names = [f"Linux {table['release']}" for table in tables.values()]
    yield from title("mmap, by kind of file")
    first = next(iter(tables.values()))
    rows = []
    for place in first["map_sync"]:
        for column, told in COLUMNS.items():
            cells = [answer_text(table["map_sync"][place][told]) for table in tables.values()]
            rows.append((f"``{place}``", code(column.replace("MAP_", "")), *cells))
    yield from table(("file on", "asked", *names), rows)
    yield from title("mbind")
    rows = [
        (code(asked), *(table["mbind"].get(asked, "") for table in tables.values()))
        for asked in first["mbind"]
    ]
    yield from table(("asked, on a machine of one node", *names), rows)
    yield from title("What memory counts, KSM, populating")
    yield from table(("file on", "mapping", "asked", *names), _memory_rows(tables))


def _memory_rows(tables: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    asked = {
        "counts when mapped": "Committed_AS when mapped",
        "counts when populated": "Committed_AS when populated",
        "mg": "``mg`` after MADV_MERGEABLE",
        "MADV_POPULATE_WRITE": "MADV_POPULATE_WRITE",
    }
    first = next(iter(tables.values()))["memory"]
    for place, mappings in first.items():
        for kind in mappings:
            for key, shown in asked.items():
                cells = []
                for one in tables.values():
                    told = one["memory"][place][kind]
                    answer = told.get(key, told.get("mmap", ""))
                    cells.append({True: "yes", False: "no"}.get(answer, str(answer)))
                yield (f"``{place}``", kind, shown, *cells)


def timeline() -> Iterator[str]:
    """From V1 to QEMU 6.1: what changed, who requested it, and how that is known."""
    from qemu_model.review.timeline import TIMELINE

    rows = []
    for step in TIMELINE:
        for place, change in enumerate(step.changes):
            first = place == 0
            rows.append((step.name if first else "", step.when if first else "",
                         f"{escaped(change.what)} [{change.certainty}]",
                         escaped(change.asked_by)))  # fmt: skip
    yield from table(("", "when", "what changed", "requested by"), rows, "12 18 50 20")


def revisions() -> Iterator[str]:
    from qemu_model.revision import REVISIONS

    rows = [
        (f"``{name}``", escaped(tree.meaning), tree.evidence) for name, tree in REVISIONS.items()
    ]
    yield from table(("``--revision``", "what it is", "evidence"), rows)


def release_changes() -> Iterator[str]:
    yield from literal(printed(["releases"]))
    yield from literal(printed(["releases", "qemu-3.1"]))


def inferred() -> Iterator[str]:
    from qemu_model.revision import POLICIES

    rows = [
        (f"``{name}``", escaped(inference.sentence))
        for name, policy in POLICIES.items()
        for inference in (*policy.inferred, *policy.option_inferred)
    ]
    yield from table(("revision", "inferred"), rows)


def rules() -> Iterator[str]:
    from qemu_model.calls import clauses

    known = [rule for rule in vars(clauses).values() if isinstance(rule, clauses.Clause)]
    rows = [(escaped(rule.why), escaped(rule.rule), rule.certainty) for rule in known]
    yield from table(("a call is made to", "the rule", "certainty"), rows, "25 60 15")


def lint_rules() -> Iterator[str]:
    """The findings of a line by their codes, each with its page."""
    from qemu_model.findings.registry import RULES

    rows = [
        (f":doc:`{rule.code} {rule.name} <lint/{rule.name}>`", rule.severity, escaped(rule.meaning))
        for rule in RULES
    ]
    yield from table(("finding", "severity", "what it says"), rows, "35 12 53")
    yield from (".. toctree::", "   :hidden:", "")
    yield from (f"   lint/{rule.name}" for rule in RULES)
    yield ""


def c_files() -> Iterator[str]:
    rows: list[tuple[str, str, str]] = []
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        declared = [
            node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            and isinstance(node.value, ast.Constant)
            and any(
                isinstance(target, ast.Name) and target.id == "C_FILE"
                for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            )
        ]
        if not declared:
            continue
        functions = [
            f"``{node.name}``"
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        ]
        module = str(path.relative_to(PACKAGE.parent))
        rows.append((f"``{declared[0]}``", f"``{module}``", ", ".join(functions)))
    yield from table(("C file", "module", "functions"), sorted(rows), "25 25 50")


def schemas() -> Iterator[str]:
    for path in sorted((PACKAGE / "schemas").glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        yield from title(path.name)
        yield from [f"{escaped(document['title'])}.", ""]
        if "description" in document:
            yield from [escaped(document["description"]), ""]
        yield from literal(json.dumps(document, indent=2), "json")


PARTS: Final[Mapping[str, Callable[[], Iterator[str]]]] = MappingProxyType(
    {
        make.__name__: make
        for make in (
            commands,
            command_line_options,
            object_properties,
            matrix,
            matrix_releases,
            profiles,
            kernels,
            timeline,
            profile_answers,
            revisions,
            release_changes,
            inferred,
            rules,
            lint_rules,
            c_files,
            schemas,
        )
    }
)


class Generated(SphinxDirective):
    """The directive ``generated``."""

    required_arguments = 1
    option_spec: ClassVar[Any] = {}

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        for path in PACKAGE.rglob("*.py"):
            self.env.note_dependency(str(path))
        lines = StringList(list(PARTS[name]()), source=f"generated {name}")
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


class Answer(SphinxDirective):
    """The directive ``answer``: the answer to an exercise, folded until it is requested."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        opening = '<details class="answer"><summary>Answer</summary>'
        return [
            nodes.raw("", opening, format="html"),
            *self.parse_content_to_nodes(),
            nodes.raw("", "</details>", format="html"),
        ]


def setup(app: Sphinx) -> Mapping[str, Any]:
    app.add_directive("generated", Generated)
    app.add_directive("answer", Answer)
    return {"parallel_read_safe": True}
