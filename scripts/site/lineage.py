"""Let colibri draw the column lineage, and read it."""

import json
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from logging import WARNING, getLogger
from logging.handlers import BufferingHandler
from pathlib import Path

from scripts.shared.errors import UserError

# The unique id of a node, and the name of a column in lower case.
Column = tuple[str, str]
# Its own setting for the theme, and the host of its paid features, which
# templates/bar.html hides.
MENDED = {
    "<title>Colibri Data<": "<title>Column lineage<",
    'defaultTheme:"light"': 'defaultTheme:"system"',
    '"https://colibri-data.com"': '""',
    # A wide lineage is shown whole.
    "duration:300,minZoom:.5": "duration:300,minZoom:.2",
}


def make_page(
    target: Path, folder: Path
) -> tuple[str, Mapping[Column, list[Column]]]:
    """Return colibri's page, and from which columns each is computed.

    By its classes, because its command asks a registry for newer versions and
    exits with 0 even when it logs errors.

    Args:
        target: dbt's target folder.
        folder: where colibri may write.

    Raises:
        UserError: colibri failed, or could not follow some columns.
    """
    # Here, because it takes a second, which --help should not.
    from dbt_colibri.lineage_extractor import DbtColumnLineageExtractor
    from dbt_colibri.report import DbtColibriReportGenerator

    made = folder / "colibri"
    log = BufferingHandler(capacity=10_000)
    log.setLevel(WARNING)
    getLogger("colibri").addHandler(log)
    try:
        extractor = DbtColumnLineageExtractor(
            target / "manifest.json", target / "catalog.json"
        )
        DbtColibriReportGenerator(
            extractor, disable_telemetry=True
        ).generate_report(str(made))
        page = (made / "index.html").read_text(encoding="utf-8")
        found = json.loads((made / "colibri-manifest.json").read_bytes())
    except Exception as error:
        raise UserError(f"colibri made no column lineage: {error}") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    if log.buffer:
        first, *_ = log.buffer[0].getMessage().splitlines()
        raise UserError(f"colibri made no column lineage: {first}")
    for wrong, right in MENDED.items():
        page = page.replace(wrong, right)
    parents = defaultdict(list)
    for edge in found["lineage"]["edges"]:
        if edge["sourceColumn"] and edge["targetColumn"]:
            column = edge["target"], edge["targetColumn"].lower()
            parents[column].append(
                (edge["source"], edge["sourceColumn"].lower())
            )
    return page, parents


def origins(
    column: Column, parents: Mapping[Column, list[Column]]
) -> Iterator[Column]:
    """Yield the columns that a column is computed from in the end."""
    waiting, seen = [column], {column}
    while waiting:
        one = waiting.pop()
        if one != column and not parents.get(one):
            yield one
        new = [each for each in parents.get(one, []) if each not in seen]
        seen.update(new)
        waiting += reversed(new)
