"""A page in a real browser: what a person sees, with nothing fetched and nothing gone wrong."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from leadml.errors import LeadmlError
from training.report.pdf import find_browser

WIDTHS = (360, 768, 1440)
"""A phone, a tablet and a desk."""


@contextmanager
def open_page(
    path: Path,
    width: int = 1440,
    *,
    height: int = 900,
    dark: bool = False,
    scripts: bool = True,
    printed: bool = False,
) -> Iterator[Any]:
    """A playwright `Page` with a file opened; the test is skipped where no browser is installed.

    Fails in the end where the page asked for anything but itself, or wrote an error to the
    console.

    Args:
        path: of the HTML file.
        width, height: of the window, in pixels.
        dark: whether the reader prefers dark pages.
        scripts: whether scripts may run.
        printed: whether it is laid out for paper.
    """
    try:
        program = find_browser(os.environ)
    except LeadmlError:
        pytest.skip("no Chromium is installed, so no page was opened")
    playwright = pytest.importorskip("playwright.sync_api")
    wrong: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                java_script_enabled=scripts,
                offline=True,
            )
            page = context.new_page()
            page.set_default_timeout(10_000)
            if printed:
                page.emulate_media(media="print")
            address = path.absolute().as_uri()
            page.on("request", lambda asked: _note(wrong, asked.url, address))
            page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
            page.on("console", lambda said: _hear(wrong, said))
            page.goto(address)
            yield page
        finally:
            browser.close()
    assert not wrong, wrong


def serious_problems(page: Any) -> list[str]:
    """What axe-core finds serious or critical on a page: the rule, and where."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page).response["violations"]
    return [
        f"{problem['id']}: {node['html'][:200]}"
        for problem in found
        if problem["impact"] in {"serious", "critical"}
        for node in problem["nodes"]
    ]


def overflow(page: Any) -> int:
    """By how many pixels a page is wider than its window: it must not scroll sideways."""
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return int(page.evaluate(wide))


def _note(wrong: list[str], asked: str, address: str) -> None:
    if asked.partition("#")[0] != address and not asked.startswith("data:"):
        wrong.append(f"asked for {asked}")


def _hear(wrong: list[str], said: Any) -> None:
    if said.type == "error":
        wrong.append(f"console: {said.text}")
