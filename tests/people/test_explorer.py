"""The explorer: the page shows what the model does, to everybody, from one file."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import needs_program
from explorer_pages import (
    FOLLOW,
    SEEN,
    link,
    modelled,
    open_browser,
    open_page,
    sample,
    without_repeats,
)
from playwright.sync_api import Browser, Page, sync_playwright

from qemu_model.cli import main
from qemu_model.explorer.presets import PRESETS
from qemu_model.host import profiles
from qemu_model.revision import REVISIONS

#: The tests share a page and a browser.
pytestmark = pytest.mark.xdist_group("explorer")

HOSTS = ["ext4-dax", "ext4", "device-dax", "full-tmpfs"]
SOME_REVISIONS = ["base", "v8", "v6", "v7.2"]
ALL_ON = "#host=ext4-dax&share=on&pmem=on&sync=on"
NO_DAX = "#host=ext4&share=on&pmem=on&sync=on"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    needs_program("chromium")
    with sync_playwright() as playwright:
        started = open_browser(playwright)
        yield started
        started.close()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page with some hosts and revisions."""
    path = tmp_path_factory.mktemp("explorer") / "small.html"
    # In a process of its own: the browser's threads are no company for worker processes.
    make = "import sys; from qemu_model.explorer.html import make_page; "
    make += "print(make_page(sys.argv[1].split(), sys.argv[2].split()))"
    with path.open("w", encoding="utf-8") as file:
        words = [sys.executable, "-c", make, " ".join(HOSTS), " ".join(SOME_REVISIONS)]
        subprocess.run(words, stdout=file, check=True)
    return path.as_uri()


@pytest.fixture
def page(browser: Browser, small: str) -> Iterator[Page]:
    opened = open_page(browser, small + ALL_ON, viewport={"width": 1280, "height": 900})
    yield opened
    opened.context.close()


def assert_shows_the_model(page: Page, state: dict[str, str]) -> None:
    page.evaluate(FOLLOW, link(state))
    seen = page.evaluate(SEEN)
    expected = modelled(seen)
    assert expected["json"] == page.evaluate("explorer.json()"), state
    if "refused" in expected:
        assert expected["refused"] in seen["said"], state
        return
    calls = expected["calls"]
    if seen["again"]:
        # A run without end is shown until it begins again.
        shown = len(seen["calls"])
        assert calls == (seen_calls(seen) * len(calls))[: len(calls)], state
        assert 0 < shown < len(calls)
    else:
        assert calls == seen_calls(seen), state
        whys = [re.sub(r" (the letter says so|inferred)$", "", call[2]) for call in seen["calls"]]
        assert expected["whys"] == whys, state
        assert without_repeats(expected["functions"]) == seen["functions"], state
    assert expected["stderr"] == [line for text in seen["stderr"] for line in text.split("\n")]
    assert expected["vm_flags"] == seen["vmFlags"], state
    assert [text for text in expected["reasons"] if text not in seen["said"]] == [], state


def seen_calls(seen: dict[str, Any]) -> list[list[str]]:
    return [call[:2] for call in seen["calls"]]


def test_sampled_choices_show_what_their_command_does(page: Page) -> None:
    for state in sample(HOSTS, SOME_REVISIONS, 120, seed=8):
        assert_shows_the_model(page, state)


@pytest.mark.whole
def test_500_sampled_choices_of_the_whole_page_show_what_their_command_does(
    browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "whole.html"
    words = [sys.executable, "-m", "qemu_model", "explorer", "-o", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    size = path.stat().st_size / MEGABYTE
    said = f"{path}: {size:.1f} MB, open it in a browser\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, "", said)
    assert path.stat().st_size < 3 * MEGABYTE
    page = open_page(browser, path.as_uri())
    for state in sample(list(profiles.names()), list(REVISIONS), 500, seed=500):
        assert_shows_the_model(page, state)
    presets = page.locator("#presets a").all_inner_texts()
    assert [preset.title for preset in PRESETS] == presets
    page.context.close()


def test_the_page_asks_nothing_of_the_network(browser: Browser, small: str) -> None:
    asked: list[str] = []
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(small)
    page.wait_for_selector("main:not([hidden])")
    assert [small] == [url for url in asked if not url.startswith("data:")]
    source = Path(small.removeprefix("file://")).read_text(encoding="utf-8")
    outside = re.findall(r"(?:src|href)=[\"']?(?:https?:)?//[^\"' >]+|@import|url\(\s*http", source)
    assert outside == []
    context.close()


def test_the_page_writes_nothing_on_the_console(browser: Browser, small: str) -> None:
    said: list[str] = []
    page = browser.new_context().new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(small + ALL_ON)
    page.wait_for_selector("main:not([hidden])")
    page.evaluate(FOLLOW, NO_DAX + "&vs=rev:v6")
    assert said == []
    page.context.close()


def test_a_link_keeps_the_state_and_choosing_changes_the_link(page: Page, small: str) -> None:
    page.select_option("#host", "full-tmpfs")
    page.select_option("#more", "prealloc")
    page.check("input[name=sync][value=off]", force=True)
    page.select_option("#vs", "rev:base")
    seen, url = page.evaluate(SEEN), page.url
    assert "sim:full-tmpfs" in seen["command"]
    assert seen["command"].endswith(",share=on,pmem=on,sync=off,prealloc=on")
    page.goto("about:blank")
    page.goto(url)
    page.wait_for_selector("main:not([hidden])")
    assert seen == page.evaluate(SEEN)
    assert url == page.url
    assert page.input_value("#vs") == "rev:base"


@pytest.mark.parametrize("broken", ["#host=nowhere&rev=v99&size=1", "#%", "#vs=rev:", "#=&&x"])
def test_a_link_that_makes_no_sense_shows_the_defaults(page: Page, broken: str) -> None:
    page.evaluate(FOLLOW, broken)
    assert page.evaluate(SEEN)["command"].startswith(
        "qemu-model run --revision v8 --host sim:ext4-dax -object memory-backend-file,id=m0,"
    )


def test_the_outcome_is_told_to_a_screen_reader(page: Page) -> None:
    status = page.get_by_role("status")
    assert status.get_attribute("aria-live") == "polite"
    assert "MAP_SYNC holds" in status.inner_text()
    page.select_option("#host", "ext4")
    assert "MAP_SYNC was refused: mapped without it" in status.inner_text()
    page.check("input[name=share][value=off]", force=True)
    assert "The kernel was not asked for MAP_SYNC" in status.inner_text()


def test_every_choice_has_a_name_and_the_keyboard_reaches_it(page: Page) -> None:
    named = page.evaluate(
        """() => [...document.querySelectorAll("main select, main input")].map((field) =>
             [field.name, Boolean(field.labels.length && field.labels[0].textContent.trim())])"""
    )
    assert [field for field in named if not field[1]] == []
    page.locator("h1").click()
    reached: set[str] = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.name || document.activeElement.id"))
    assert {name for name, _ in named} <= reached
    page.focus("input[name=pmem]:checked")
    page.keyboard.press("ArrowLeft")
    assert ",pmem=on" not in page.evaluate(SEEN)["command"]
    assert page.evaluate("document.activeElement.name") == "pmem"


def test_changing_the_backend_keeps_the_focus_and_what_both_have(page: Page) -> None:
    page.focus("input[name=backend][value=file]")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.name") == "backend"
    assert page.evaluate(SEEN)["command"].endswith("memory-backend-ram,id=m0,size=32M,share=on")


def test_next_to_it_shows_both_runs_and_marks_what_differs(page: Page) -> None:
    page.evaluate(FOLLOW, NO_DAX + "&rev=v8")
    alone = page.evaluate(SEEN)
    page.evaluate(FOLLOW, NO_DAX + "&rev=v6")
    other = page.evaluate(SEEN)
    page.evaluate(FOLLOW, NO_DAX + "&rev=v8&vs=rev:v6")
    cells = page.evaluate(
        """() => Object.fromEntries(["here", "there"].map((side) => [side,
             [...document.querySelectorAll(`#calls .${side} .text`)]
               .map((one) => one.textContent)]))"""
    )
    assert [" ".join(call[:2]) for call in alone["calls"]] == cells["here"]
    assert [" ".join(call[:2]) for call in other["calls"]] == cells["there"]
    rows = page.evaluate(
        """() => [...document.querySelectorAll("#calls .pair")].map((row) => [row.className,
             ...[...row.querySelectorAll(".cell")].map((cell) => cell.matches(".nothing")
               ? null : cell.querySelector(".text").textContent)])"""
    )
    for name, here, there in rows:
        assert (here == there) == (name == "pair same"), (name, here, there)
    assert any(name == "pair differs" for name, _, _ in rows)
    assert "v6 on ext4: QEMU stops with an error" in page.inner_text("#context")


def test_a_message_is_said_with_its_function_and_its_conditions(page: Page) -> None:
    page.evaluate(FOLLOW, "#host=ext4&path=file&size=64G&rev=v8")
    said = page.inner_text("#said")
    assert "backing store (null) size 0x2000000 does not match 'size' option" in said
    assert "Said by exec.c:qemu_ram_alloc_from_fd" in said
    assert "the file is neither empty nor as large as the backend" in said


def test_the_same_run_next_to_itself_differs_in_nothing(page: Page) -> None:
    page.evaluate(FOLLOW, ALL_ON + "&vs=rev:v8")
    assert "the same calls" in page.inner_text("#calls-note")
    assert page.locator("#calls .pair.differs").count() == 0


def test_the_picture_shows_block_guard_and_alignment(page: Page) -> None:
    page.evaluate(FOLLOW, "#host=device-dax&share=on&pmem=on&sync=on&size=32M-2M")
    picture = page.get_by_role("img", name="The addresses that QEMU reserved")
    texts = picture.locator("text").all_text_contents()
    mapping = page.evaluate("explorer.json().mappings[0]")
    assert mapping["address"] % (2 << 20) == 0
    assert hex(mapping["address"]) in texts
    assert hex(mapping["address"] + mapping["size"]) in texts
    for said in ("multiple of 2 MiB", "the block", "32 MiB", "guard page", "4 KiB, no access"):
        assert said in texts


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_is_wider_than_the_screen(browser: Browser, small: str, width: int) -> None:
    page = open_page(browser, small, viewport={"width": width, "height": 740})
    for state in (ALL_ON, NO_DAX + "&vs=rev:v6", "#path=dangling"):
        page.evaluate(FOLLOW, state)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, state
        cut = page.evaluate(
            """() => [...document.querySelectorAll("svg text")].filter((text) => {
                 const [own, all] = [text, text.ownerSVGElement].map((one) =>
                   one.getBoundingClientRect());
                 return own.right > all.right + 1; }).map((text) => text.textContent)"""
        )
        assert cut == [], state
    page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_to_object_to(
    browser: Browser, small: str, theme: Any, width: int
) -> None:
    page = open_page(browser, small, viewport={"width": width, "height": 900}, color_scheme=theme)
    for state in (ALL_ON, NO_DAX + "&vs=rev:v6", "#host=device-dax"):
        page.evaluate(FOLLOW, state)
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
    page.context.close()


def test_the_theme_follows_the_system_until_one_is_chosen(browser: Browser, small: str) -> None:
    page = open_page(browser, small, color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.check("input[name=theme][value=light]", force=True)
    light = page.evaluate(background)
    assert (
        sum(map(int, re.findall(r"\d+", dark)))
        < 200
        < 600
        < sum(map(int, re.findall(r"\d+", light)))
    )
    page.reload()
    page.wait_for_selector("main:not([hidden])")
    assert light == page.evaluate(background)
    page.context.close()


def test_without_javascript_the_page_says_what_to_do(browser: Browser, small: str) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(small)
    assert "qemu-model run" in page.inner_text("noscript")
    page.context.close()


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
            "qemu-model explorer: '-object' is too much: explorer takes only -o FILE",
        ),
    ],
)
def test_a_mistake_of_use_is_one_line_and_status_2(
    argv: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explorer", *argv]) == 2
    assert ("", line + "\n") == tuple(capsys.readouterr())


def test_an_interruption_leaves_the_old_page_and_nothing_else(tmp_path: Path) -> None:
    old = tmp_path / "page.html"
    old.write_text("old")
    process = subprocess.Popen(
        [sys.executable, "-m", "qemu_model", "explorer", "-o", str(old)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = 200
    while len(list(tmp_path.iterdir())) == 1 and deadline:
        deadline -= 1
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=300)
    assert (process.returncode, said) == (130, "qemu-model: interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert old.read_text() == "old"
