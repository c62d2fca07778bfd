"""What the pages share: their list, and how templates/ is rendered."""

from datetime import date, datetime
from pathlib import Path

import jinja2

TEMPLATES = Path(__file__).with_name("templates")
# The first is the start page, which the brand leads to.
PAGES = (
    {"href": "index.html", "title": "classicmodels"},
    {"href": "dashboard.html", "title": "Dashboard"},
    {"href": "dictionary.html", "title": "Dictionary"},
    {"href": "docs.html", "title": "dbt docs"},
    {"href": "lineage.html", "title": "Lineage"},
    {"href": "notebook.html", "title": "Notebook"},
    {"href": "benchmarks.html", "title": "Benchmarks"},
    {"href": "guides.html", "title": "Guides"},
)


def day(value: date | str) -> str:
    """Return a day, or the day of a moment in ISO 8601: 31 May 2005."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime) -> str:
    """Return a moment of UTC in words: 21 Nov 2026 23:05 UTC."""
    return f"{day(value)} {value:%H:%M} UTC"


def environment() -> jinja2.Environment:
    """Return what renders templates/; it escapes all that is not Markup."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"day": day, "moment": moment}
    # A page that knows it passes its own, state.freshness.
    found.globals |= {"pages": PAGES, "freshness": None}
    return found
