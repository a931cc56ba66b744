"""Pages of the explorer in a real Chromium, and what the model says of the same choice."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import random
import shlex
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright

from qemu_model.calls.report import run_to_json
from qemu_model.calls.strace_text import call_text, result_text
from qemu_model.explain.explanation import explain
from qemu_model.explorer.controls import BACKENDS
from qemu_model.host import profiles
from qemu_model.host.protocol import HostRefuses
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import Run, run
from qemu_model.revision import Revision, find

CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]

#: What a reader of the page sees of a run, read from the document's own text.
SEEN = """() => {
  const text = (element) => element.textContent.trim();
  return {
    command: document.getElementById("line").textContent,
    profile: document.getElementById("profile").hidden
      ? null : document.querySelector("#profile pre").textContent,
    headline: text(document.getElementById("headline")),
    calls: [...document.querySelectorAll("#calls > li:not(.again)")].map((item) => [
      text(item.querySelector(".text")).replace(text(item.querySelector(".answer")), "").trim(),
      text(item.querySelector(".answer")), text(item.querySelector(".why"))]),
    functions: [...document.querySelectorAll("#calls .by")].map(text),
    again: document.querySelectorAll("#calls > li.again").length,
    stderr: [...document.querySelectorAll("#said pre.stderr")].map((one) => one.textContent),
    said: text(document.getElementById("said")),
    vmFlags: [...document.querySelectorAll("#mappings .letters dt")].map(text),
  };
}"""

#: Choose by the address, as a link does, and wait until the page has followed.
FOLLOW = """(hash) => new Promise((done) => {
  if (location.hash === hash) { done(); return; }
  window.addEventListener("hashchange", () => done(), { once: true });
  location.hash = hash;
})"""


def open_browser(playwright: Playwright) -> Browser:
    """Start Debian's Chromium."""
    return playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGUMENTS)


def open_page(browser: Browser, address: str, **context: Any) -> Page:
    """Open the page in a context of its own and wait until it shows a run."""
    page = browser.new_context(**context).new_page()
    page.goto(address)
    page.wait_for_selector("main:not([hidden])")
    return page


def sample(hosts: list[str], revisions: list[str], count: int, seed: int) -> list[dict[str, str]]:
    """Return ``count`` states of the page, each control chosen at random."""
    choose = random.Random(seed).choice
    states = []
    for _ in range(count):
        # The file backend has nearly all combinations, and gets nearly all samples.
        backend = choose([BACKENDS[0]] * 8 + list(BACKENDS[1:]))
        state = {"backend": backend.key, "host": choose(hosts), "rev": choose(revisions)}
        for control in backend.controls:
            state[control.key] = choose(control.choices).key
        states.append(state)
    return states


def link(state: dict[str, str]) -> str:
    """Return the part of the address that leads to ``state``."""
    return "#" + "&".join(f"{key}={value}" for key, value in state.items())


def modelled(seen: dict[str, Any]) -> dict[str, Any]:
    """Run the command that the page shows, and return what the page should show of it."""
    words = shlex.split(seen["command"])
    assert words[:3] == ["qemu-model", "run", "--revision"], words
    revision, host_name, line = find(words[3]), words[5], words[6:]
    if seen["profile"]:
        assert host_name == "sim:explorer.json"
        profile = profiles.build(json.loads(seen["profile"]))
    else:
        profile = profiles.load(host_name.removeprefix("sim:"))
    host = SimulatedHost(profile)
    try:
        done = run(line, host, revision)
    except HostRefuses as refusal:
        return {"refused": str(refusal), "json": {"refused": str(refusal)}}
    whole = run_to_json(done, host)
    wanted = ("revision", "exit", "stderr", "events", "mappings", "leaks", "map_sync", "livelock")
    return {
        "calls": [[call_text(event), f"= {result_text(event)}"] for event in done.events],
        "whys": [event["why"] for event in whole["events"]],
        "functions": [event.by for event in done.events],
        "stderr": list(done.stderr),
        "vm_flags": [flag for one in done.mappings for flag in one.vm_flags or ()],
        "reasons": reasons(line, revision, host_name, seen["profile"], done),
        "json": {key: whole[key] for key in wanted if key in whole},
    }


def reasons(
    line: list[str], revision: Revision, host: str, profile: str | None, done: Run
) -> list[str]:
    """Return what ``explain`` says of a line, as far as the page should say it too."""
    if done.exit != 0:
        return []
    with tempfile.TemporaryDirectory() as scratch:
        if profile:
            host = f"sim:{scratch}/explorer.json"
            Path(scratch, "explorer.json").write_text(profile)
        told = explain(line, revision, host)
    not_in_force = [] if told.in_force else [f"Why: {told.because}."]
    return [f"If the host crashes: {told.crash}.", *not_in_force]


def without_repeats(words: list[str]) -> list[str]:
    """Return ``words`` with each that equals the one before it left out."""
    return [word for place, word in enumerate(words) if not place or words[place - 1] != word]
