"""Let colibri draw the column lineage."""

import shutil
from logging import WARNING, getLogger
from logging.handlers import BufferingHandler
from pathlib import Path

from scripts.shared.errors import UserError


def make_page(target: Path, folder: Path) -> str:
    """Return colibri's page.

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
    except Exception as error:
        raise UserError(f"colibri made no column lineage: {error}") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    if log.buffer:
        first, *_ = log.buffer[0].getMessage().splitlines()
        raise UserError(f"colibri made no column lineage: {first}")
    return page.replace("<title>Colibri Data<", "<title>Column lineage<")
