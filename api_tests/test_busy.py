"""The explorer before a full service: it tells the reader, comes again as it was told, and not for ever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, Response, expect
from sqlalchemy import text

from api_tests.browser import DESKTOP
from api_tests.conftest import Server, serving
from service.tests.databases import Database

#: How often the explorer asks for the same.
MOST_ASKED = 4
SHOWN = "body[data-shown][data-map=idle]"
VIEW = "/?layer=ageing-rate&level=prefecture&lang="
#: Another, of which nothing is in memory yet.
OTHER_VIEW = "/?layer=ageing-rate&level=municipality&period=2010&lang="


@pytest.fixture(scope="module")
def narrow(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that answers little at a time."""
    limits = {"CHIIKI_MOST_READS": "16"}
    with serving(database, tmp_path_factory.mktemp("narrow") / "log", **limits) as server:
        yield server


@pytest.fixture
def page(browser: Browser, narrow: Server) -> Iterator[Page]:
    made = browser.new_page(viewport=DESKTOP, base_url=narrow.url)  # type: ignore[arg-type] # two numbers
    yield made
    made.close()


@contextmanager
def full(database: Database) -> Iterator[None]:
    """Let whoever asks for figures or tiles wait in vain meanwhile, and take all places."""
    with database.begin() as locking:
        locking.execute(text("lock table vector, class_breaks, encoded_tile in access exclusive mode"))
        yield
        locking.rollback()


def statuses(page: Page) -> dict[str, list[int]]:
    """Return where the statuses of answers are noted, by address."""
    noted: dict[str, list[int]] = {}

    def note(answer: Response) -> None:
        noted.setdefault(answer.url, []).append(answer.status)

    page.on("response", note)
    return noted


@pytest.mark.parametrize(
    ("view", "told"),
    [
        (f"{VIEW}ja", "混み合っています"),
        pytest.param(f"{OTHER_VIEW}en", "The service is busy", marks=pytest.mark.prove("half a minute")),
    ],
)
def test_a_reader_waits_for_a_full_service_and_sees_the_map(
    page: Page, database: Database, view: str, told: str
) -> None:
    noted = statuses(page)
    with full(database):
        page.goto(view)
        note = page.get_by_role("status").filter(has_text=told)
        expect(note).to_be_visible(timeout=60_000)
    page.wait_for_selector(SHOWN, timeout=90_000)
    expect(page.locator("#busy")).to_have_text("", timeout=60_000)
    expect(page.locator("#busy")).to_be_hidden()
    refused = {url: seen for url, seen in noted.items() if 503 in seen}
    assert refused
    assert all(seen[-1] == 200 for seen in refused.values())


@pytest.mark.prove("half a minute")
def test_a_tile_that_was_refused_comes_later(page: Page, database: Database) -> None:
    noted = statuses(page)
    page.goto(f"{VIEW}ja#6/35/136")
    page.wait_for_selector(SHOWN, timeout=90_000)
    with full(database):
        page.goto(f"{VIEW}ja#9/43/142.5")
        expect(page.locator("#busy")).not_to_have_text("", timeout=60_000)
    expect(page.locator("#busy")).to_have_text("", timeout=90_000)
    tiles = [seen for url, seen in noted.items() if "/tiles/9/" in url or "/tiles/8/" in url]
    assert any(503 in seen for seen in tiles), noted
    assert all(seen[-1] in (200, 204) for seen in tiles)


@pytest.mark.prove("a minute")
def test_nobody_asks_for_ever(page: Page, database: Database) -> None:
    noted = statuses(page)
    with full(database):
        page.goto(f"{VIEW}ja")
        expect(page.get_by_role("alert")).to_be_visible(timeout=150_000)
        assert max(Counter({url: len(seen) for url, seen in noted.items()}).values()) <= MOST_ASKED
