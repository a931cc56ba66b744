"""The explorer's page in a real Chromium, and drawn questions to ask it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import random
from typing import Any

from playwright.sync_api import Browser, Page, Playwright

CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
#: Milliseconds in which the model must be ready, on a machine that does other work too.
PATIENCE = 240_000

#: Ask, and return the answer and what a reader sees of it.
ASK = """async (requests) => {
  const seen = [];
  for (const request of requests) {
    const answer = await explorer.ask(request);
    seen.push({
      answer,
      headline: document.getElementById("headline").textContent,
      calls: [...document.querySelectorAll(".calls:not(.pairs) .text")].map((one) =>
        one.textContent),
      stderr: [...document.querySelectorAll("pre.stderr")].map((one) => one.textContent),
    });
  }
  return seen;
}"""


def open_browser(playwright: Playwright) -> Browser:
    """Start the system's Chromium."""
    return playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGUMENTS)


def open_page(browser: Browser, address: str, *, ready: bool = True, **context: Any) -> Page:
    """Open the page in a context of its own; ``ready``: and wait for the model."""
    page = browser.new_context(**context).new_page()
    page.goto(address)
    if ready:
        wait_for_model(page)
    return page


def wait_for_model(page: Page) -> None:
    """Wait until the page can answer any text."""
    page.wait_for_selector("html[data-model=ready]", state="attached", timeout=PATIENCE)


def drawn_lines(count: int, seed: int, trees: list[str], hosts: list[str]) -> list[dict[str, Any]]:
    """Return ``count`` questions, each a line of options with a tree and a host."""
    draw = random.Random(seed)
    questions = []
    for _ in range(count):
        kind = draw.choice(["file", "file", "ram", "memfd"])
        words = [f"memory-backend-{kind}", f"id={draw.choice(['m0', 'ram-node0', '0bad', 'x'])}"]
        words.append(f"size={draw.choice(['4M', '5000', '0', '64G', '1T', '0x200000', 'big'])}")
        if kind == "file":
            words.append(f"mem-path={draw.choice(['/mnt/a', '/dev/dax0.0', '/mnt', '/nowhere/a'])}")
        for name, values in (
            ("share", ("on", "off", "maybe")),
            ("pmem", ("on", "off")),
            ("sync", ("on", "off", "auto")),
            ("align", ("2M", "3M", "1G")),
            ("prealloc", ("on", "off")),
            ("merge", ("off",)),
            ("dump", ("off",)),
            ("policy", ("bind", "interleave")),
            ("host-nodes", ("0", "0-1", "7")),
            ("readonly", ("on",)),
            ("hugetlb", ("on",)),
            ("discard-data", ("on",)),
        ):
            if draw.random() < 0.25:
                words.append(f"{name}={draw.choice(values)}")
        line = draw.choice(["", "", "-M none ", "-m 64M ", "-foo ", "-M pc -m 8M -smp 2 "])
        questions.append(
            {
                "text": f"{line}-object {','.join(words)}",
                "revision": draw.choice(trees),
                "host": draw.choice(hosts),
            }
        )
    return questions
