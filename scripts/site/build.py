"""Write the site into target/site, from what dbt docs generate --static wrote.

The folder works from disk and from any static host, and contacts no other host:
the start page with the state of the last build, the dashboard, the data
dictionary, dbt docs, the column lineage, the notebook, the benchmarks and the
guides. The old site stays as it is until the new one is complete. It redraws
assets/erd.svg.
"""

import argparse
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import jinja2
from markupsafe import Markup, escape

from scripts.shared.artifacts import read_artifact
from scripts.shared.errors import UserError
from scripts.shared.files import read_yaml, write_text
from scripts.shared.metrics import Metrics
from scripts.shared.paths import (
    ROOT,
    add_target_path,
    readers_path,
    shown,
    target_path,
)
from scripts.site import (
    benchmarks,
    dashboard,
    dbt_docs,
    dictionary,
    erd,
    guides,
    lineage,
    pages,
    questions,
    scores,
    state,
    tour,
)
from scripts.site.leaks import find_leaks

MADE_BY = "make site"


def read_artifacts(target: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read manifest.json and catalog.json, which must match.

    Raises:
        UserError: one of them is missing, or they do not belong together.
    """
    manifest = read_artifact(target, "manifest.json", MADE_BY)
    catalog = read_artifact(target, "catalog.json", MADE_BY)
    written = [one["metadata"]["generated_at"] for one in (manifest, catalog)]
    if written != sorted(written):
        raise UserError(
            f"{shown(target / 'catalog.json')} is older than"
            f" manifest.json beside it: run {MADE_BY}"
        )
    return manifest, catalog


def prose(text: str) -> Markup:
    """Return a description as HTML: of its Markdown, only code and lines."""
    lines = []
    for line in text.strip().splitlines():
        parts = line.split("`")
        lines.append(
            Markup().join(
                Markup("<code>{}</code>").format(part)
                if number % 2 and number < len(parts) - 1
                else escape(part)
                for number, part in enumerate(parts)
            )
        )
    return Markup("<br>").join(lines)


def with_bar(page: str, bar: str) -> str:
    """Return the page of another tool with the site's links above it."""
    head, body, rest = page.rpartition("<body>")
    return f"{head}{body}{bar}{rest}"


def own_pages(
    manifest: Mapping[str, Any],
    tables: list[dictionary.Table],
    database: Path,
    target: Path,
    svg: str,
    check: bool,
) -> dict[str, dict[str, Any]]:
    """Return by the name of a template the values that it shows."""
    settings = read_yaml(ROOT / "dbt_project.yml")
    layers = settings["models"][settings["name"]]
    versions = {
        "dbt": manifest["metadata"]["dbt_version"],
        "DuckDB": duckdb.__version__,
        "project": settings["version"],
    }
    return {
        "index.html": {
            "title": "Start",
            "versions": versions,
            "answers": list(questions.read_answers(database)),
            "state": state.read_state(database, manifest, target),
            "kinds": state.KINDS,
            "scores": scores.read_scores(manifest, list(layers)),
            "erd": Markup(svg[svg.index("<svg") :]),
        },
        "dictionary.html": {
            "title": "Data dictionary",
            "versions": versions,
            "metrics": dictionary.read_metrics(Metrics(target), tables),
        },
        "notebook.html": {
            "title": "Notebook",
            **run_notebook(database, target, check),
        },
        "benchmarks.html": {
            "title": "Benchmarks",
            "found": benchmarks.read_benchmarks(),
        },
        "guides.html": {
            "title": "Engines and lake",
            "guides": guides.read_guides(),
        },
    }


def run_notebook(database: Path, target: Path, check: bool) -> dict[str, Any]:
    """Return the cells of the notebook, or why it did not run.

    An analyst may have changed it: that holds nothing back, but is an error for
    those who check.
    """
    try:
        return {"cells": tour.read_tour(database, target), "problem": ""}
    except UserError as error:
        if check:
            raise
        print(f"site: without the notebook: {error}")
        return {"cells": [], "problem": str(error)}


def write_pages(
    target: Path, database: Path, folder: Path, check: bool
) -> None:
    """Write all pages into a folder.

    Raises:
        UserError: something they are made of is missing or damaged.
    """
    manifest, catalog = read_artifacts(target)
    tables = dictionary.read_tables(manifest, catalog)
    links = {
        table.unique_id: f"[Column lineage]({table.lineage}) ·"
        f" [Data dictionary](dictionary.html#{table.name})"
        for table in tables
    }
    columns = {
        (table.unique_id, column.name.lower()): f"[lineage]({column.lineage})"
        for table in tables
        for column in table.columns
    }
    others = {"docs.html": dbt_docs.read_page(target, links, columns)}
    svg = erd.draw(manifest)
    erd.update(svg, check)
    others["lineage.html"], parents = lineage.make_page(target, folder)
    dictionary.add_origins(tables, parents)
    own = own_pages(manifest, tables, database, target, svg, check)

    render = pages.environment()
    render.filters["prose"] = prose
    render.globals["freshness"] = state.freshness(database)
    render.globals["tables"] = {table.name: table for table in tables}
    for name, values in own.items():
        try:
            text = render.get_template(name).render(current=name, **values)
        except jinja2.TemplateError as error:
            raise UserError(f"{name}: {error}") from None
        # A percent sign stays with its number.
        write_text(folder / name, re.sub(r"(?<=\d) %", "\xa0%", text))
    for name, page in others.items():
        bar = render.get_template("bar.html").render(current=name)
        write_text(folder / name, with_bar(page, bar))
    dashboard.build(database, target, folder)
    # The licences of what the pages carry.
    shutil.copy(ROOT / "NOTICE", folder / "NOTICE.txt")


def swap(new: Path, site: Path) -> None:
    """Put a complete folder in the place of the site."""
    old = new.with_name(f"{new.name}.old")
    if site.exists():
        site.rename(old)
    new.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    add_target_path(
        parser,
        what="; the site is written into its folder site",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing but the site: an assets/erd.svg that is out of"
        " date and a notebook that does not run are errors",
    )


def main(arguments: argparse.Namespace) -> int:
    """Write the site and say where it is."""
    target = target_path(arguments.target_path)
    site = target / "site"
    if not target.is_dir():
        raise UserError(f"{shown(target)} is missing: run {MADE_BY}")
    # Beside the site, so that a rename is enough to put it in its place.
    new = Path(tempfile.mkdtemp(prefix=".site-", dir=target))
    try:
        write_pages(target, readers_path(), new, arguments.check)
        if leaks := list(find_leaks(new)):
            raise UserError(f"not written: {'; '.join(leaks)}")
        new.chmod(0o755)
        swap(new, site)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    print(
        f"site: wrote {shown(site / 'index.html')}, which opens from disk;"
        " make docs serves it"
    )
    return 0
