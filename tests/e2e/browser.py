"""What the tests of pages share: a browser, and what a page did wrong in it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
# For a browser that makes no requests itself, also in a container.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@dataclass
class Visit:
    """A page in the browser, and what happened since it was opened.

    Attributes:
        page: the page itself.
        errors: errors on the console, and uncaught exceptions.
        requests: addresses that it asked for, without fragments; `data:` and
            `blob:` are not among them, because they ask nobody.
    """

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def outside(self, *allowed: str | Path) -> list[str]:
        """Return the requests that begin with none of the allowed addresses."""
        starts = tuple(map(address, allowed))
        return [one for one in self.requests if not one.startswith(starts)]


def address(place: str | Path) -> str:
    """Return the address of a file or folder on disk; others as they are."""
    return place.resolve().as_uri() if isinstance(place, Path) else place


@contextmanager
def start_browser() -> Iterator[Browser]:
    """Start the system's Chromium, or the one that CHROMIUM names.

    One at a time: Playwright's sync interface allows no second in a thread.
    """
    found = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, NAMES)), None
    )
    if not found:
        pytest.fail(
            "no browser: install chromium, or name one in CHROMIUM",
            pytrace=False,
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=ARGUMENTS
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of a file."""
    with start_browser() as started:
        yield started


@contextmanager
def visit(
    browser: Browser, place: str | Path, **options: Any
) -> Iterator[Visit]:
    """Open a page in its own context, which is closed at the end.

    Args:
        browser: what start_browser yields.
        place: a file, or an address.
        options: of the context, such as `viewport={"width": 320, "height":
            640}`, `color_scheme="dark"`, `timezone_id="Pacific/Auckland"`.
    """
    context = browser.new_context(**options)
    seen = Visit(context.new_page())
    page = seen.page
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on(
        "console",
        lambda said: (
            seen.errors.append(said.text) if said.type == "error" else None
        ),
    )
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("data:", "blob:"))
            else seen.requests.append(request.url.partition("#")[0])
        ),
    )
    page.goto(address(place))
    yield seen
    context.close()


def serious(page: Page) -> list[str]:
    """Return what axe calls serious or critical: rule, then the elements."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {[node['target'] for node in one['nodes']]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def scrolls_sideways(page: Page) -> bool:
    """Whether the page itself is wider than its window."""
    return page.evaluate(
        "document.documentElement.scrollWidth > "
        "document.documentElement.clientWidth"
    )
