"""Run the notebook without Jupyter, for its page in the site.

It needs no more than the site does: each cell runs in this process, and what
JupyterLab would show below it is kept.
"""

import ast
import base64
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import altair as alt
import vl_convert
from markdown_it import MarkdownIt
from markupsafe import Markup

from scripts.shared.errors import UserError
from scripts.shared.paths import shown
from scripts.shared.wording import reason
from scripts.site.notebook import NOTEBOOK

# The head of a cell of a script in the percent format.
CELL = re.compile(r"^# %%( \[markdown\])?( tags=\[.*\])?$", re.MULTILINE)
# Helpers that no reader asks for, and controls that need a kernel.
HIDDEN, NOT_RUN = "not-in-page", "needs-kernel"
# What a cell calls with the value of its last line.
LAST = "_show_last"


class Html(str):
    """HTML that a cell shows: what IPython.display.HTML is in Jupyter."""


class Markdown(str):
    """Markdown that a cell shows, as IPython.display.Markdown."""


@dataclass
class Cell:
    """A cell of the notebook as its page shows it.

    Attributes:
        text: its Markdown as HTML; empty for code.
        code: its code; empty for text.
        results: what it shows, as HTML.
    """

    text: str = ""
    code: str = ""
    results: list[Markup] = field(default_factory=list)


def read_tour(database: Path, target: Path) -> list[Cell]:
    """Run the notebook and return the cells of its page.

    Args:
        database: that it reads.
        target: dbt's target folder, with the metrics.

    Raises:
        UserError: a cell failed.
    """
    values: list[Any] = []
    display = ModuleType("IPython.display")
    display.HTML, display.Markdown = Html, Markdown
    display.display = lambda *shown: values.extend(shown)
    modules = {"IPython": ModuleType("IPython"), "IPython.display": display}
    environment = {
        "NOTEBOOK_AS_PAGE": "1",
        "CLASSICMODELS_DB": str(database),
        "DBT_TARGET_PATH": str(target),
    }
    markdown = MarkdownIt("commonmark", {"html": False})
    names: dict[str, Any] = {"__name__": "__main__", LAST: values.append}
    heading, found = "", []
    with patch.dict(sys.modules, modules), patch.dict(os.environ, environment):
        for is_text, tags, source, line in _cells():
            if NOT_RUN in tags:
                continue
            if is_text:
                text = re.sub(r"^# ?", "", source, flags=re.MULTILINE)
                if text.startswith("## "):
                    heading = text.partition("\n")[0].removeprefix("## ")
                cell = Cell(text=Markup(markdown.render(text)))
            else:
                values.clear()
                _run(source, line, names)
                results = [
                    _html(one, heading, markdown)
                    for one in values
                    if one is not None
                ]
                cell = Cell(code=source, results=results)
            if HIDDEN not in tags:
                found.append(cell)
    return found


def _cells() -> Iterator[tuple[bool, str, str, int]]:
    """Yield of each cell if it is text, its tags, its source and its line."""
    script = NOTEBOOK.read_text(encoding="utf-8")
    heads = list(CELL.finditer(script))
    ends = [one.start() for one in heads[1:]] + [len(script)]
    for head, end in zip(heads, ends, strict=True):
        line = script[: head.end()].count("\n")
        source = script[head.end() : end]
        yield bool(head[1]), head[2] or "", source.strip("\n"), line


def _run(source: str, line: int, names: dict[str, Any]) -> None:
    """Run a cell, and show the value of its last line, as Jupyter does.

    Raises:
        UserError: it failed.
    """
    try:
        tree = ast.parse(source)
        last = tree.body[-1]
        if isinstance(last, ast.Expr):
            call = ast.Name(LAST, ast.Load())
            last.value = ast.Call(call, [last.value], [])
        exec(compile(ast.fix_missing_locations(tree), NOTEBOOK, "exec"), names)
    except SystemExit as error:
        raise UserError(f"{shown(NOTEBOOK)}: {error}") from None
    except Exception as error:
        raise UserError(
            f"{shown(NOTEBOOK)}, cell at line {line + 1}:"
            f" {type(error).__name__}: {reason(error)}"
        ) from None


def _html(value: Any, heading: str, markdown: MarkdownIt) -> Markup:
    """Return what Jupyter would show of a value, its charts as pictures."""
    if isinstance(value, alt.TopLevelMixin):
        svg = vl_convert.vegalite_to_svg(value.to_dict())
        data = base64.b64encode(svg.encode()).decode()
        what, content = (
            "Chart",
            Markup(
                '<img alt="Chart: {}" src="data:image/svg+xml;base64,{}">'
            ).format(heading, data),
        )
    elif isinstance(value, Html):
        what, content = "Table", Markup(value)
    elif isinstance(value, Markdown):
        return Markup(markdown.render(value))
    else:
        what, content = "Result", Markup("<pre>{}</pre>").format(value)
    return Markup(
        '<div class="scroll{}" tabindex="0" role="region" aria-label="{}: {}">'
        "{}</div>"
    ).format(" picture" if what == "Chart" else "", what, heading, content)
