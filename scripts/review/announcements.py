"""What a change may do only if a new line in CHANGELOG.md says so."""

import re
from dataclasses import dataclass

CHANGELOG = "CHANGELOG.md"


@dataclass(frozen=True)
class Break:
    """A broken contract, or a column that newly shows personal data.

    Attributes:
        model: name of the model.
        column: its column, as in base; none for the model as a whole.
        what: what was done, such as `was removed`.
        rows: how many rows show personal data.
    """

    model: str
    column: str
    what: str
    rows: int = 0

    def is_announced(self, entry: str) -> bool:
        """Whether a line of the changelog names the model and the column.

        One that only tells of a new column accepts no personal data in it.
        """
        names = [self.model, self.column, "personal data" if self.rows else ""]
        return all(
            re.search(rf"(?<!\w){re.escape(name)}(?!\w)", entry)
            for name in filter(None, names)
        )

    def __str__(self) -> str:
        """Return it as a line for the changelog."""
        place = f"`{self.model}`"
        if self.column:
            place += f": column `{self.column}`"
        return f"{place} {self.what}"


def unannounced(breaks: list[Break], base: str, head: str) -> list[Break]:
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
