"""What the pages of the site share: their list, and how pages/ is rendered."""

import jinja2

import project

PAGES = (
    {"href": "index.html", "title": "Start"},
    {"href": "dashboard.html", "title": "Dashboard"},
    {"href": "dictionary.html", "title": "Data dictionary"},
    {"href": "docs.html", "title": "dbt docs"},
    {"href": "lineage.html", "title": "Column lineage"},
)


def environment() -> jinja2.Environment:
    """Return what renders pages/: it escapes all that is no Markup."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(project.ROOT / "pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["pages"] = PAGES
    return found
