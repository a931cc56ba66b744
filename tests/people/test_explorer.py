"""The explorer: a real browser shows what the command line says, from one file."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import http.server
import importlib
import json
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import needs_program
from explorer_pages import ASK, drawn_lines, open_browser, open_page, wait_for_model
from playwright.sync_api import Browser, Page, sync_playwright
from recordings import recording
from sampling import drawn

import qemu_model
from qemu_model.calls.event import Event
from qemu_model.calls.report import run_to_json
from qemu_model.calls.strace_text import call_text, result_text
from qemu_model.cli import main
from qemu_model.explain.explanation import Explanation, explain
from qemu_model.explorer import runtime
from qemu_model.explorer.address_space import states
from qemu_model.explorer.answers import answer
from qemu_model.explorer.examples import EXAMPLES
from qemu_model.explorer.recognise import recognise
from qemu_model.host import profiles
from qemu_model.host.protocol import HostRefuses
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import run
from qemu_model.revision import REVISIONS, Revision, find

#: The tests share a page and a browser.
pytestmark = pytest.mark.xdist_group("explorer")

LINE = "-object memory-backend-file,id=m0,mem-path=/mnt/a,size=4M,share=on,pmem=on,sync=on"
ON_DAX = {"text": LINE, "revision": "v8", "host": "sim:ext4-dax"}
HOSTILE = (
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>',
    "-object '</script><script>window.hacked=1</script>',id=<b>x</b>",
    "-object memory-backend-file,id=m0,size=4M,mem-path=/mnt/<svg/onload=window.hacked=1>",
    "qemu: <iframe src=javascript:window.hacked=1>: mem-path property not set",
    'javascript:window.hacked=1 " onfocus=window.hacked=1 autofocus x="',
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    needs_program("chromium")
    needs_program("npm")
    with sync_playwright() as playwright:
        started = open_browser(playwright)
        yield started
        started.close()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, made by the command."""
    needs_program("npm")
    path = tmp_path_factory.mktemp("explorer") / "page.html"
    words = [sys.executable, "-m", "qemu_model", "explorer", "-o", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    size = path.stat().st_size / 1e6
    said = f"{path}: {size:.1f} MB, open it in a browser\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, "", said)
    return path


@pytest.fixture(scope="module")
def page(browser: Browser, built: Path) -> Iterator[Page]:
    opened = open_page(browser, built.as_uri(), viewport={"width": 1280, "height": 900})
    yield opened
    opened.context.close()


def ask(page: Page, *requests: dict[str, Any]) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = page.evaluate(ASK, list(requests))
    return answers


def until(page: Page, expression: str) -> None:
    """Wait for an expression to hold; the page's own policy forbids Playwright's way."""
    for _ in range(100):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    raise AssertionError(expression)


def as_json(value: object) -> Any:
    """Return a value as JavaScript has it: numbers are 64-bit floats there."""
    return json.loads(json.dumps(value), parse_int=lambda digits: int(float(digits)))


def test_the_page_is_one_file_of_at_most_12_mb(built: Path) -> None:
    assert built.stat().st_size < 12_000_000


def test_drawn_lines_are_answered_as_the_command_line_answers(page: Page) -> None:
    hosts = [f"sim:{name}" for name in profiles.names()]
    lines = drawn_lines(200, 19, list(REVISIONS), ["", *hosts])
    questions = drawn("explorer", lines, 50)
    for asked, seen in zip(questions, ask(page, *questions), strict=True):
        words, tree = shlex.split(asked["text"]), find(asked["revision"])
        shown = seen["answer"]["here"]
        told = explained(words, tree, asked["host"])
        if isinstance(told, str):
            assert shown["sentences"] == [told]
            continue
        assert as_json(told.to_json()) == as_json(shown["explain"]), asked
        if not asked["host"]:
            continue
        host = SimulatedHost(profiles.load(asked["host"].removeprefix("sim:")))
        done = run(words, host, tree)
        assert as_json(run_to_json(done, host)) == as_json(shown["run"]), asked
        assert seen["stderr"] == list(done.stderr), asked
        calls = [f"{call_text(event)} = {result_text(event)}" for event in done.events]
        if done.livelock is None:
            assert seen["calls"] == calls, asked
        else:
            assert seen["calls"] == calls[: len(seen["calls"])] != []


def explained(words: list[str], tree: Revision, host: str) -> Explanation | str:
    """Return the explanation, or why the host refuses to go on."""
    try:
        return explain(words, tree, host, chosen_because="as asked")
    except HostRefuses as refusal:
        return str(refusal)


@pytest.mark.parametrize("name", ["path-new", "ramsize-2M", "size-1X"])
def test_a_pasted_trace_is_judged_as_check_judges_it(page: Page, name: str, tmp_path: Path) -> None:
    log = recording("v8", name).log
    path = tmp_path / "trace"
    path.write_bytes(log)
    for tree in ("v8", "qemu-7.2"):
        (seen,) = ask(page, {"text": log.decode(), "revision": tree})
        verdict = qemu_model.check(path, tree)
        assert as_json(verdict.to_json()) == as_json(seen["answer"]["check"])
        assert verdict.verdict in seen["headline"].lower()


def test_a_pasted_error_is_explained_as_why_explains_it(page: Page) -> None:
    text = "qemu-system-x86_64: cannot bind memory to host NUMA nodes: Operation not permitted"
    (seen,) = ask(page, {"text": text})
    assert as_json(qemu_model.why(text).to_json()) == as_json(seen["answer"]["why"])
    assert "cannot bind memory to host NUMA nodes" in seen["headline"]


def test_the_first_example_is_there_at_once_and_is_the_models_answer(
    browser: Browser, built: Path
) -> None:
    times = []
    for _ in range(3):
        opened = open_page(browser, built.as_uri(), ready=False)
        times.append(opened.evaluate("performance.getEntriesByName('first answer')[0].startTime"))
        if times[-1] < 300:
            break
        opened.context.close()
    # The fastest of them: what else the machine does is no part of the answer.
    assert min(times) < 300
    assert opened.inner_text("#headline") == "MAP_SYNC holds"
    stored = opened.evaluate("explorer.answer")
    wait_for_model(opened)
    (seen,) = ask(opened, dict(EXAMPLES[0].request))
    assert stored == seen["answer"]
    opened.context.close()


def test_every_example_is_answered_without_an_error_of_the_page(page: Page) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for example in EXAMPLES:
        page.get_by_role("link", name=example.title, exact=True).click()
        until(page, f"document.getElementById('about').textContent === {example.about!r}")
    assert errors == []


def test_an_answer_follows_a_keystroke_within_100_ms(page: Page) -> None:
    ask(page, ON_DAX)
    spent = page.evaluate(
        """async (request) => {
          const times = [];
          for (let place = 0; place < 15; place += 1) {
            const start = performance.now();
            await explorer.ask({ ...request, text: `${request.text},id=m${place}` });
            times.push(performance.now() - start);
          }
          return times.sort((a, b) => a - b);
        }""",
        ON_DAX,
    )
    # The fastest of them: what else the machine does is no part of the answer.
    assert spent[0] < 100


def test_nothing_pasted_becomes_markup_or_leaves_the_browser(browser: Browser, built: Path) -> None:
    opened = open_page(browser, built.as_uri())
    requests: list[str] = []
    opened.on("request", lambda request: requests.append(request.url))
    for text in HOSTILE:
        for against in (None, {"text": text}, {"revision": text}):
            opened.evaluate("(one) => explorer.ask(one)", {"text": text, "against": against})
            assert opened.evaluate("window.hacked") is None
            assert opened.locator("#answer img, #answer script, #answer iframe").count() == 0
    assert [url for url in requests if not url.startswith("blob:")] == []
    blocked = opened.evaluate("fetch('https://example.org').then(() => 'sent', () => 'blocked')")
    assert blocked == "blocked"
    opened.context.close()


def test_a_link_keeps_text_choices_and_comparison(browser: Browser, page: Page) -> None:
    asked = {**ON_DAX, "against": {"host": "sim:ext4"}}
    before = page.url
    (seen,) = ask(page, asked)
    page.wait_for_url(lambda url: url != before)
    other = open_page(browser, page.url)
    until(other, "explorer.answer?.kind === 'line'")
    assert other.evaluate("explorer.answer") == seen["answer"]
    assert other.input_value("#text") == LINE
    assert other.input_value("#against") == "host:sim:ext4"
    other.context.close()


def test_a_link_of_the_documentation_opens_its_line(
    browser: Browser, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "docs" / "_ext"))
    link_to = importlib.import_module("try_it").link_to
    asked = {**ON_DAX, "against": {"host": "sim:ext4"}, "qmp": '{"execute": "query-memdev"}'}
    other = open_page(browser, built.as_uri() + link_to(asked))
    until(other, "explorer.answer?.kind === 'line'")
    kept = [other.input_value(name) for name in ("#text", "#revision", "#against", "#qmp")]
    assert kept == [LINE, "v8", "host:sim:ext4", asked["qmp"]]
    assert other.inner_text("#headline") == "MAP_SYNC holds"
    other.context.close()


@pytest.mark.parametrize(
    "broken", ["#q=", "#q=%%%", "#q=AAAA", "#host=nowhere", "#q=" + "A" * 300000]
)
def test_a_link_that_makes_no_sense_leaves_a_page_that_works(page: Page, broken: str) -> None:
    page.evaluate("(hash) => { location.hash = hash; }", broken)
    (seen,) = ask(page, ON_DAX)
    assert seen["headline"] == "MAP_SYNC holds"


def test_two_hosts_stand_side_by_side_and_rows_that_differ_are_marked(page: Page) -> None:
    ask(page, {**ON_DAX, "against": {"host": "sim:ext4"}})
    rows = page.evaluate(
        """() => [...document.querySelectorAll(".pair")].map((row) => [row.className,
             ...[...row.querySelectorAll(".cell")].map((cell) => cell.matches(".nothing")
               ? null : cell.querySelector(".text").textContent)])"""
    )
    for name, here, there in rows:
        assert (here == there) == (name == "pair same"), (name, here, there)
    assert [name for name, _, _ in rows].count("pair differs") == 2
    assert "sim:ext4: MAP_SYNC is refused" in page.inner_text("#context")


def test_stepping_shows_the_address_space_after_each_call(page: Page) -> None:
    ask(page, ON_DAX)
    said = ".player [role=status]"
    assert page.inner_text(said).startswith("Call 11 of 11")
    picture = page.locator(".player svg")
    assert {"the block", "guard", "SYNC"} <= set(picture.locator("text").all_text_contents())
    page.get_by_role("slider", name="Call").focus()
    page.keyboard.press("Home")
    assert page.inner_text(said).startswith("Call 1 of 11: open")
    assert "Nothing is reserved" in picture.locator("desc").text_content()
    for _ in range(5):
        page.get_by_role("button", name="Next").click()
    assert page.inner_text(said).startswith("Call 6 of 11: mmap, reserve")
    assert "reserved" in picture.locator("text").all_text_contents()
    assert page.locator(".calls li.now .text").text_content().startswith("mmap(NULL, ")
    page.get_by_role("button", name="Play").click()
    until(page, f"/^Call ([7-9]|1[01]) /.test(document.querySelector('{said}').textContent)")
    page.get_by_role("button", name="Pause").click()


def test_the_answer_is_told_to_a_screen_reader_and_the_keyboard_reaches_all(page: Page) -> None:
    ask(page, ON_DAX)
    status = page.locator("#outcome [role=status]")
    assert status.get_attribute("aria-live") == "polite"
    assert "MAP_SYNC holds" in status.inner_text()
    named = page.evaluate(
        """() => [...document.querySelectorAll("main select, main textarea, main input")]
             .filter((field) => field.offsetParent)
             .map((field) => [field.id, Boolean(field.labels.length || field.ariaLabel)])"""
    )
    assert [field for field in named if not field[1]] == []
    page.locator("h1").click()
    reached: set[str] = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.type"))
    assert {"text", "revision", "host", "against", "file", "range", "copy-link"} <= reached


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_nothing_is_wider_than_the_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    for example in EXAMPLES:
        ask(page, dict(example.request))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, example.title


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_barrier(page: Page, theme: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)
    for place in (0, 3, 4, 7, 8):
        ask(page, dict(EXAMPLES[place].request))
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()


def test_the_theme_follows_the_system_until_one_is_chosen(browser: Browser, built: Path) -> None:
    opened = open_page(browser, built.as_uri(), ready=False, color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = opened.evaluate(background)
    opened.check("input[name=theme][value=light]", force=True)
    light = opened.evaluate(background)
    dark_sum, light_sum = (sum(map(int, re.findall(r"\d+", one))) for one in (dark, light))
    assert dark_sum < 200 < 600 < light_sum

    def background_after_reload() -> str:
        opened.reload()
        return str(opened.evaluate(background))

    # Chromium stores the choice in another process, which may be later than the reload.
    assert light in (background_after_reload() for _ in range(10))
    opened.context.close()


def test_without_javascript_the_page_names_the_commands(browser: Browser, built: Path) -> None:
    opened = browser.new_context(java_script_enabled=False).new_page()
    opened.goto(built.as_uri())
    assert "Persistence: MAP_SYNC holds" in opened.inner_text("noscript pre")
    assert not opened.is_visible("#text")
    opened.context.close()


def test_a_site_serves_the_same_page(browser: Browser, tmp_path: Path) -> None:
    assert main(["explorer", "--site", str(tmp_path / "site")]) == 0

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(tmp_path / "site"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        opened = open_page(browser, f"http://127.0.0.1:{server.server_port}/")
        (seen,) = ask(opened, ON_DAX)
        assert seen["headline"] == "MAP_SYNC holds"
        opened.context.close()
    finally:
        server.shutdown()
        server.server_close()


# Without a browser


def test_without_npm_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["explorer", "-o", str(tmp_path / "page.html")]) == 2
    assert tuple(capsys.readouterr()) == (
        "",
        "qemu-model explorer: npm is not installed, and the page needs it once to fetch Pyodide "
        f"{runtime.VERSION} (Debian: apt install npm; Fedora: dnf install npm)\n",
    )
    assert not (tmp_path / "page.html").exists()


def test_another_package_than_the_pinned_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "npm"
    fake.write_text("#!/bin/sh\necho something else > pyodide.tgz\n")
    fake.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(runtime.RuntimeMissing, match="another pyodide"):
        runtime.runtime()
    assert list((tmp_path / "cache" / "qemu-model").iterdir()) == []


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        ([], "qemu-model explorer: -o FILE is missing: where should the page go?"),
        (["-o"], "qemu-model explorer: -o needs a value (FILE)"),
        (["-o", "/"], "qemu-model explorer: cannot write /: it is a directory"),
        (
            ["-o", "/nowhere/at/all.html"],
            "qemu-model explorer: cannot write /nowhere/at/all.html: No such file or directory",
        ),
        (
            ["-o", "x.html", "-object", "a"],
            "qemu-model explorer: '-object' is too much: explorer takes only -o FILE or --site DIR",
        ),
        (
            ["-o", "x.html", "--site", "x"],
            "qemu-model explorer: give -o FILE or --site DIR, not both",
        ),
    ],
)
def test_a_mistake_of_use_is_one_line_and_status_2(
    argv: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explorer", *argv]) == 2
    assert ("", line + "\n") == tuple(capsys.readouterr())


def test_a_log_of_two_starts_answers_for_the_last_or_the_chosen_one() -> None:
    asked = dict(next(one for one in EXAMPLES if one.title.startswith("A libvirt")).request)
    last, first, beyond = (answer({**asked, "start": number}) for number in (0, 1, 9))
    assert [one["start"] for one in (last, first, beyond)] == [2, 1, 2]
    assert len(last["starts"]) == 2
    codes = [[one["code"] for one in told["here"]["findings"]] for told in (last, first)]
    assert codes == [["QM102"], []]


def test_smaps_are_matched_with_the_backends_of_the_line_above_them() -> None:
    asked = dict(next(one for one in EXAMPLES if one.title.startswith("smaps")).request)
    told = answer(asked)["smaps"]["mappings"]
    assert [(one["id"], one["nature"]) for one in told] == [
        ("pc.ram", "memory"),
        ("mem0", "unknown"),
    ]
    without = answer({"text": str(asked["text"]).partition("\n\n")[2]})
    assert [one["id"] for one in without["smaps"]["mappings"]] == [None, None]


@pytest.mark.parametrize(
    ("commands", "replies"),
    [
        ('{"execute": "query-memdev"}', 1),
        ('[{"execute": "query-memdev"}, {"execute": "quit"}]', 3),
        ('{"execute": "qmp_capabilities"}\n{"execute": "quit"}', 3),
        ("", 0),
        ("null", 1),
    ],
)
def test_qmp_commands_run_after_start_up(commands: str, replies: int) -> None:
    told = answer({"text": LINE, "host": "sim:ext4-dax", "revision": "v8", "qmp": commands})
    assert len(told["here"]["replies"]) == replies


@pytest.mark.parametrize("commands", ["{", '{"execute": "a\\u0000b"}', '"\\ud800"', "[" * 100000])
def test_commands_that_are_not_json_are_one_sentence(commands: str) -> None:
    told = answer({"text": LINE, "host": "sim:ext4-dax", "qmp": commands})
    assert (told["kind"], told["text"].startswith("QMP commands: ")) == ("none", True)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("", "empty", None),
        ("  \n", "empty", None),
        ("-m 1G", "line", ("-m", "1G")),
        ("LC_ALL=C \\\n/usr/bin/kvm \\\n-m 1G", "line", ("-m", "1G")),
        ("qemu: mem-path property not set", "error", None),
        ("4711 mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE, -1, 0) = 0x7f", "trace", None),
    ],
)
def test_a_text_is_recognised_as(text: str, kind: str, words: tuple[str, ...] | None) -> None:
    found = recognise(text)
    assert (found.kind, found.line and found.line.options) == (kind, words)


def test_the_picture_has_every_reserved_byte_once_after_every_call() -> None:
    done = qemu_model.run(
        "-M pc -m 64M -object memory-backend-ram,id=a,size=4M "
        "-object memory-backend-file,id=b,size=5000,mem-path=/mnt/b,share=on",
        "sim:ext4",
        "qemu-7.2",
    )
    reserved: dict[int, int] = {}
    for event, state in zip(done.events, states(done.events, 4096), strict=True):
        if is_reservation(event):
            reserved[event.result] = -(-event.args[1] // 4096) * 4096
        for one in state:
            start = one.parts[0].address
            assert sum(part.length for part in one.parts) == reserved[start]
            ends = [part.address + part.length for part in one.parts]
            assert [part.address for part in one.parts[1:]] == ends[:-1]
    blocks = {
        (part.address, part.length)
        for one in states(done.events, 4096)[-1]
        for part in one.parts
        if part.kind == "block"
    }
    assert {(one.address, -(-one.size // 4096) * 4096) for one in done.mappings} <= blocks


def is_reservation(event: Event) -> bool:
    return event.call == "mmap" and event.named_args()["prot"] == ["PROT_NONE"]


def test_answers_are_text_and_ascii_whatever_is_asked() -> None:
    for text in (*HOSTILE, "\ud800", "-m \0", "-object \x1b[31m,id=é"):
        assert json.dumps(answer({"text": text})).isascii()
