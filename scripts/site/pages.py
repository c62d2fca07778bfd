"""What the pages share: their list, and how templates/ is rendered."""

from pathlib import Path

import jinja2

TEMPLATES = Path(__file__).with_name("templates")
PAGES = (
    {"href": "index.html", "title": "Start"},
    {"href": "dashboard.html", "title": "Dashboard"},
    {"href": "dictionary.html", "title": "Data dictionary"},
    {"href": "docs.html", "title": "dbt docs"},
    {"href": "lineage.html", "title": "Column lineage"},
    {"href": "benchmarks.html", "title": "Benchmarks"},
    {"href": "guides.html", "title": "Engines and lake"},
)


def environment() -> jinja2.Environment:
    """Return what renders templates/; it escapes all that is not Markup."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["pages"] = PAGES
    return found
