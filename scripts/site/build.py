"""Put the pages of the site together in target/site.

The folder works from disk and from any static host, and asks nobody else for
anything: the start page with the state of the last build, the dashboard, the
data dictionary, dbt docs and the column lineage. `make site` runs what it is
made of first. The old site stays as it is until the new one is complete.
"""

import argparse
import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from scripts.shared.artifacts import read_artifact
from scripts.shared.errors import UserError
from scripts.shared.files import read_yaml
from scripts.shared.metrics import Metrics
from scripts.shared.paths import ROOT, database_path, shown, target_path
from scripts.site import dashboard, dictionary, docs_page, pages
from scripts.site.scores import read_scores
from scripts.site.state import KINDS, read_state

MADE_BY = "make site"
ERD = ROOT / "assets" / "erd.svg"
# What could open a door, by the name of the environment variable.
SECRET = re.compile(
    r"TOKEN|SECRET|PASS(WORD|WD|PHRASE)|WEBHOOK|CREDENTIAL|_KEY$"
)
# But for domains of examples, which the pages of dbt and colibri have in their
# texts, and the owners of the groups.
MAIL = re.compile(
    r"\b[\w.+-]+@(?!example\.|classicmodels\.example\b)"
    r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b"
)
ENCODED = re.compile(r'atob\("([A-Za-z0-9+/=]+)"\)')


def read_artifacts(target: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read manifest.json and catalog.json, which must be of one state.

    Raises:
        UserError: one of them is missing, or they do not belong together.
    """
    manifest = read_artifact(target, "manifest.json", MADE_BY)
    catalog = read_artifact(target, "catalog.json", MADE_BY)
    try:
        stale = (
            catalog["metadata"]["generated_at"]
            < manifest["metadata"]["generated_at"]
        )
        empty = [
            node["name"]
            for node in manifest["nodes"].values()
            if node["resource_type"] == "model"
            and not node.get("compiled_code")
        ]
    except (KeyError, TypeError):
        raise UserError(
            f"the artifacts in {shown(target)} are damaged: run {MADE_BY}"
        ) from None
    if stale:
        raise UserError(
            f"{shown(target / 'catalog.json')} is older than"
            f" manifest.json beside it: run {MADE_BY}"
        )
    if empty:
        raise UserError(
            f"{shown(target / 'manifest.json')} has no SQL of"
            f" {empty[0]}: run {MADE_BY}"
        )
    return manifest, catalog


def prose(text: str) -> Markup:
    """Return a description, in which only backticks and lines mean more."""
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


def picture() -> Markup:
    """Return the ERD to stand in a page.

    Raises:
        UserError: it was never drawn.
    """
    if not ERD.is_file():
        raise UserError(f"{shown(ERD)} is missing: run {MADE_BY}")
    svg = ERD.read_text(encoding="utf-8")
    _, start, svg = svg.partition("<svg")
    if not start:
        raise UserError(f"{shown(ERD)} is no SVG: run {MADE_BY}")
    svg = start + svg
    return Markup(
        svg.replace(
            "<svg ", '<svg role="img" aria-labelledby="erd-title" ', 1
        ).replace("<title>", '<title id="erd-title">', 1)
    )


def write_lineage(target: Path, folder: Path, bar: str) -> None:
    """Write lineage.html: column lineage by colibri.

    Raises:
        UserError: colibri failed, or could not follow some columns.
    """
    made = folder / "colibri"
    command = [
        Path(sys.executable).parent / "colibri",
        "generate",
        "--disable-telemetry",
        *("--manifest", target / "manifest.json"),
        *("--catalog", target / "catalog.json"),
        *("--output-dir", made),
    ]
    # It asks a registry for newer versions, and keeps the answer in HOME.
    quiet = {"DBT_COLIBRI_NO_VERSION_CHECK": "1", "DO_NOT_TRACK": "1"}
    try:
        done = subprocess.run(
            [str(part) for part in command],
            env=os.environ | quiet,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        raise UserError(
            "dbt-colibri is not installed: run make setup"
        ) from None
    page = made / "index.html"
    # It logs its errors and exits with 0 nevertheless.
    said = [
        line.strip()
        for line in (done.stdout + done.stderr).splitlines()
        if re.match(r"\[(WARNING|ERROR|CRITICAL)\]|Error:", line.strip())
    ]
    if done.returncode or said or not page.is_file():
        reason = said[0] if said else f"exit code {done.returncode}"
        raise UserError(f"colibri made no column lineage: {reason}")
    text = with_bar(page.read_text(encoding="utf-8"), bar)
    (folder / "lineage.html").write_text(
        text.replace("<title>Colibri Data<", "<title>Column lineage<"),
        encoding="utf-8",
    )
    shutil.rmtree(made)


def with_bar(page: str, bar: str) -> str:
    """Return the page of another tool with the site's links above it."""
    head, body, rest = page.rpartition("<body>")
    return f"{head}{body}{bar}{rest}"


def write_pages(target: Path, database: Path, folder: Path) -> None:
    """Write all pages into a folder.

    Raises:
        UserError: something that they are made of is missing.
    """
    manifest, catalog = read_artifacts(target)
    docs = docs_page.read_page(target)
    tables = dictionary.read_tables(manifest, catalog)
    known = {table.name: table for table in tables}
    state = read_state(database, manifest, target)
    settings = read_yaml(ROOT / "dbt_project.yml")
    layers = settings["models"][settings["name"]]
    common = {
        "versions": {
            "dbt": manifest["metadata"]["dbt_version"],
            "DuckDB": state.duckdb_version,
            "project": settings["version"],
        },
    }
    render = pages.environment()
    render.filters["prose"] = prose
    render.globals["tables"] = known
    for name, more in {
        "index.html": {
            "title": "Start",
            "state": state,
            "kinds": KINDS,
            "scores": read_scores(manifest, list(layers)),
            "erd": picture(),
        },
        "dictionary.html": {
            "title": "Data dictionary",
            "metrics": dictionary.read_metrics(Metrics(target), tables),
        },
    }.items():
        try:
            text = render.get_template(name).render(
                current=name, **common, **more
            )
        except jinja2.TemplateError as error:
            raise UserError(f"{name}: {error}") from None
        (folder / name).write_text(text, encoding="utf-8")
    bars = render.get_template("bar.html")
    docs = docs_page.with_links(
        docs,
        {
            table.unique_id: f"[Column lineage]({table.lineage}) ·"
            f" [Data dictionary](dictionary.html#{table.name})"
            for table in tables
        },
    )
    (folder / "docs.html").write_text(
        with_bar(docs, bars.render(current="docs.html")), encoding="utf-8"
    )
    write_lineage(target, folder, bars.render(current="lineage.html"))
    dashboard.build(database, target, folder)
    # The licences of what the pages carry.
    shutil.copy(ROOT / "NOTICE", folder / "NOTICE.txt")


def private_texts() -> Iterator[tuple[str, str]]:
    """Yield what no page may name, and what that is."""
    for path in (ROOT, Path.cwd(), Path.home(), Path(sys.prefix)):
        for name in {str(path), str(path.resolve())}:
            if len(path.parts) > 1:
                yield f"{name}/", "a folder of this machine"
                yield f'{name}"', "a folder of this machine"
    for name, value in os.environ.items():
        if SECRET.search(name) and len(value) >= 8:
            yield value, f"the value of {name}"


def find_leaks(folder: Path) -> Iterator[str]:
    """Yield what the files of a site tell of this machine or of a person."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        text += "".join(
            base64.b64decode(data).decode() for data in ENCODED.findall(text)
        )
        for private, what in private_texts():
            if private in text or json.dumps(private)[1:-1] in text:
                yield f"{path.name} names {what}"
        if mail := MAIL.search(text):
            # Not the address itself: what a build prints is kept in logs.
            place = text[: mail.start()].count("\n") + 1
            yield f"{path.name} names an e-mail address, in line {place}"


def swap(new: Path, site: Path) -> None:
    """Put a complete folder in the place of the site."""
    old = new.with_name(f"{new.name}.old")
    if site.exists():
        site.rename(old)
    new.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def weights(site: Path) -> str:
    """Return the size of each page, plain and compressed, as a table."""
    lines = [f"  {'Page':<18}{'Size':>10}{'gzip':>10}"]
    for page in pages.PAGES:
        data = (site / page["href"]).read_bytes()
        sizes = (len(data), len(gzip.compress(data, mtime=0)))
        lines.append(
            f"  {page['href']:<18}"
            + "".join(f"{size / 1000:>7,.0f} kB" for size in sizes)
        )
    return "\n".join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--target-path",
        default="target",
        metavar="FOLDER",
        help="dbt's target folder, after dbt docs generate --static and"
        " docs-page; the site is written into its folder site"
        " (default: target)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Write the site and say where it is and what its pages weigh."""
    target = target_path(arguments.target_path)
    site = target / "site"
    if not target.is_dir():
        raise UserError(f"{shown(target)} is missing: run {MADE_BY}")
    # Beside the site, so that a rename is enough to put it in its place.
    new = Path(tempfile.mkdtemp(prefix=".site-", dir=target))
    try:
        write_pages(target, database_path(), new)
        if leaks := list(find_leaks(new)):
            raise UserError(f"not written: {'; '.join(leaks)}")
        new.chmod(0o755)
        swap(new, site)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    print(weights(site))
    print(
        f"site: {shown(site / 'index.html')}, opens as it is;"
        " make docs serves it"
    )
    return 0
