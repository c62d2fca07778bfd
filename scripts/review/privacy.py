"""Which values are personal, and which columns newly show them.

No library is needed to guess what a name looks like: the people are known,
from the seeds and the restricted tables.
"""

import re
from collections.abc import Iterator

from scripts.review.announcements import Change
from scripts.review.tables import SIDES, Tables, is_internal, quoted
from scripts.shared.keys import is_surrogate
from scripts.shared.wording import is_personal

# Types that may hold a name or a phone.
TEXT = re.compile(r"VARCHAR$|U?(BIG|HUGE)?INT(EGER)?$")
# Letters from which a personal value is found within a word, and from which
# a part of one is: shorter ones are found in harmless texts.
PART = 5
LONG = 6


class People:
    """Tells whether a text holds a person's name, address or phone.

    It may hold a whole one, within a longer text, or the beginning of one.
    """

    def __init__(self, personal: set[str], public: set[str]) -> None:
        """Take lower-case values.

        Args:
            personal: those of persons.
            public: texts that may hold them by chance, such as the product
                The Queen Mary.
        """
        self._personal = {
            one
            for one in personal
            if _has_letter(one) or len(_digits(one)) >= LONG
        }
        self._public = public
        words, parts = [], []
        for one in self._personal:
            if len(one) >= PART:
                parts.append(re.escape(one))
            elif len(one) > 1 and one.isalpha():
                words.append(rf"\b{one}\b")
        self._part = re.compile("|".join(words + parts) or r"(?!)")
        self._phones = {
            _digits(one) for one in self._personal if not _has_letter(one)
        }

    def is_one(self, text: str) -> bool:
        """Whether a text is such a value, with or without punctuation."""
        return text in self._personal or (
            _digits(text) in self._phones and text not in self._public
        )

    def are_in(self, text: str) -> bool:
        """Whether a text is, contains or begins such a value."""
        text = text.lower().strip()
        if self.is_one(text) or text in self._public:
            return self.is_one(text)
        digits = _digits(text)
        return (
            bool(self._part.search(text))
            or (
                len(text) >= LONG
                and any(one.startswith(text) for one in self._personal)
            )
            or (
                len(digits) >= LONG
                and any(one in digits or digits in one for one in self._phones)
            )
        )


def _has_letter(text: str) -> bool:
    return any(map(str.isalpha, text))


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def find_people(tables: Tables) -> People:
    """Return what seeds and restricted tables hold under a telling name.

    Not what their own SQL writes, such as the Unknown member's name.
    """
    personal: set[str] = set()
    public: set[str] = set()
    for side in SIDES:
        for unique_id, node in tables.nodes[side].items():
            is_seed = node["resource_type"] == "seed"
            if not is_seed and unique_id not in tables.restricted[side]:
                continue
            code = (node.get("compiled_code") or "").lower()
            for column in tables.columns[side, unique_id]:
                values = _values(tables, side, unique_id, column)
                if is_personal(node, column):
                    personal |= {x for x in values if f"'{x}'" not in code}
                elif is_seed:
                    public |= values
    return People(personal, public)


def newly_readable(tables: Tables, people: People) -> Iterator[Change]:
    """Yield each column that newly shows personal data.

    A column whose texts contained some before, such as the full name of an
    employee, is meant to contain them.
    """
    before, after = (_readable(tables, side) for side in SIDES)
    known = set().union(*before.values())
    for (unique_id, column), values in after.items():
        new = values - known
        held = new and any(
            map(people.are_in, before.get((unique_id, column), ()))
        )
        is_personal_value = people.is_one if held else people.are_in
        if shown := [one for one in new if is_personal_value(one)]:
            rows = tables.rows(
                f"select count(*) from head.{quoted(unique_id)}"
                f" where {_text(column)} in (select unnest($shown))",
                shown=shown,
            )[0][0]
            name = tables.node(unique_id)["name"]
            yield Change(name, column, "shows personal data", rows=rows)


def _readable(tables: Tables, side: str) -> dict[tuple[str, str], set[str]]:
    """Return the texts of all columns that people are meant to read."""
    return {
        (unique_id, column): _values(tables, side, unique_id, column)
        for unique_id, node in sorted(tables.nodes[side].items())
        if node["resource_type"] == "model"
        and not is_internal(tables.node(unique_id))
        and unique_id not in tables.restricted[side] | tables.of_the_run
        for column, kind in tables.columns[side, unique_id].items()
        if TEXT.match(kind) and not (kind == "VARCHAR" and is_surrogate(column))
    }


def _values(tables: Tables, side: str, unique_id: str, column: str) -> set[str]:
    """Return the texts of a column, as `People` compares them."""
    table = f"{side}.{quoted(unique_id)}"
    rows = tables.rows(f"select distinct {_text(column)} from {table}")
    return {row[0] for row in rows if row[0]}


def _text(column: str) -> str:
    return f"lower(trim({quoted(column)}::varchar))"
