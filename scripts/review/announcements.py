"""What a change may do only if a new line in CHANGELOG.md says so."""

import re
from collections.abc import Iterable
from typing import NamedTuple

CHANGELOG = "CHANGELOG.md"


class Change(NamedTuple):
    """A change of a column, or of its table where `column` is empty.

    Attributes:
        model: name of the table.
        column: its column, as in base.
        what: what was done, such as `was removed`.
        breaks: whether the changelog must announce it: it breaks an enforced
            contract, or shows personal data.
        rows: how many rows show personal data.
    """

    model: str
    column: str
    what: str
    breaks: bool = True
    rows: int = 0

    def is_announced(self, entry: str) -> bool:
        """Whether a line of the changelog names the table and the column.

        A line that only names a new column does not accept personal data in it.
        """
        names = [self.model, self.column, "personal data" if self.rows else ""]
        return all(
            re.search(rf"(?<!\w){re.escape(name)}(?!\w)", entry)
            for name in filter(None, names)
        )

    def __str__(self) -> str:
        """Return it as a line for people, and for the changelog."""
        column = f": column `{self.column}`" if self.column else ""
        return f"`{self.model}`{column} {self.what}"


def unannounced(breaks: Iterable[Change], base: str, head: str) -> list[Change]:
    """Return the breaks that no new line under Unreleased names.

    Args:
        breaks: all.
        base: the text of its changelog.
        head: the text of its changelog.
    """
    before = set(entries(base))
    new = [entry for entry in entries(head) if entry not in before]
    return [one for one in breaks if not any(map(one.is_announced, new))]


def entries(changelog: str) -> list[str]:
    """Return the list items under Unreleased, each in one line."""
    section = re.search(
        r"^## +\[?unreleased\]?.*?$(.*?)(?=^## |\Z)",
        changelog,
        re.IGNORECASE | re.MULTILINE | re.DOTALL,
    )
    items = re.findall(
        r"^[-*] +(.*(?:\n(?![-*#]|\s*$).*)*)",
        section[1] if section else "",
        re.MULTILINE,
    )
    return [" ".join(item.split()) for item in items]
