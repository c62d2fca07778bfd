"""Say what a version changes for readers, in the words of the diff."""

from pathlib import Path

from scripts.review.causes import Causes, facts
from scripts.review.comparison import Comparison, removed
from scripts.review.contracts import contract_changes, renamed_columns
from scripts.review.report import report
from scripts.review.rows import compare_rows
from scripts.review.tables import Tables


def changes(old: Path, new: Path, file: Path) -> str:
    """Return a report on two versions, without any sample of their rows.

    What describes the runs is not compared: it always changes.

    Args:
        old: the folder of a version.
        new: that of the one that replaces it.
        file: a database to make, for what is compared.
    """
    with Tables(old, new, file) as tables:
        before, after = tables.nodes["base"], tables.nodes["head"]
        causes = Causes(
            added=[after[one] for one in sorted(set(after) - set(before))],
            removed=[before[one] for one in sorted(set(before) - set(after))],
        )
        rows, columns = {}, []
        for unique_id in tables.both:
            renamed = renamed_columns(tables, unique_id)
            columns += contract_changes(tables, unique_id, renamed)
            found = compare_rows(
                tables, unique_id, renamed, lambda _: True, limit=0
            )
            if found:
                rows[unique_id] = found
        found = Comparison(
            causes=causes,
            facts={one["name"]: facts(tables, one) for one in causes.added},
            rows=rows,
            columns=columns,
            removed=removed(causes),
        )
        notes = [f"Base is the version {old.name}, head the new one."]
        return report(found, notes, variables=[], silent=[])
