"""The guides in Markdown that the site shows beside the models' own docs."""

from markdown_it import MarkdownIt
from markupsafe import Markup

from scripts.shared.paths import ROOT

GUIDES = ("scripts/engines/README.md", "scripts/lake/README.md")
# What is wider than the page scrolls, also by keyboard.
SCROLLS = 'tabindex="0" role="region"'


def read_guides() -> list[Markup]:
    """Return each guide as HTML."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    found = []
    for name in GUIDES:
        html = markdown.render((ROOT / name).read_text(encoding="utf-8"))
        html = html.replace("<pre>", f'<pre {SCROLLS} aria-label="Code">')
        html = html.replace(
            "<table>",
            f'<div class="scroll" {SCROLLS} aria-label="Table"><table>',
        ).replace("</table>", "</table></div>")
        found.append(Markup(html))
    return found
