"""What a data test is called, and what it wants, in plain words."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

Node = Mapping[str, Any]

# By kind of test: what it wants of its column or table in a few words, and as
# a sentence. A kind that is not here goes by its name, as in `is masked`,
# and by the description of its macro.
WORDS = {
    "agrees_with_last_good_build": (
        "agrees with the last good build",
        "The load agrees with the last good build.",
    ),
    "accepted_values": (
        "one of: {values}",
        "{column_name} is one of: {values}.",
    ),
    "every_row": ("{rules}", "In every row: {rules}."),
    "has_clean_text": (
        "clean text",
        "Every text is clean: no stray blanks, damaged letters or markup.",
    ),
    "not_null": ("not null", "{column_name} is never null."),
    "relationships": (
        "refers to {to}.{field}",
        "Every {column_name} is in {to}.{field}.",
    ),
    "row_count_matches": (
        "as many rows as {compare_model}",
        "There are as many rows as in {compare_model}.",
    ),
    "sums_match": (
        "sums of {sums} match {compare_model}",
        "The sums of {sums} match {compare_model}.",
    ),
    "unique": ("unique", "No two rows have the same {column_name}."),
    "unique_combination_of_columns": (
        "unique by {combination_of_columns} together",
        "No two rows have the same {combination_of_columns}.",
    ),
}


def name_of(test: Node) -> str:
    """Return what a person calls a test: `unique on model.column`.

    All other nodes are called by their own names.
    """
    metadata = test.get("test_metadata")
    if not metadata or not test.get("attached_node"):
        return test["name"]
    name = f"{metadata['name']} on {test['attached_node'].split('.')[-1]}"
    column = test["column_name"]
    return f"{name}.{column}" if column else name


def statements(test: Node) -> Iterator[tuple[str, str]]:
    """Yield each thing that a data test wants, and the columns it speaks of.

    They are of one text, in which the names of the columns are words; empty
    for what it wants of the table as a whole.
    """
    kind, _ = _words(test)
    given = (test.get("test_metadata") or {}).get("kwargs", {})
    condition = _condition(test)
    if kind == "every_row":
        for column in given.get("not_null", []):
            yield f"not null{condition}", column
        for words, sql in pairs(given.get("rules", [])).items():
            yield f"{words}{condition}", sql
    elif kind == "sums_match":
        other = _word(given["compare_model"])
        for column, summed in pairs(given["sums"]).items():
            what = (
                "number of rows" if str(summed) == "1" else f"sum of {summed}"
            )
            yield f"sum matches the {what} in {other}{condition}", column
    else:
        yield phrase(test), test.get("column_name") or ""


def columns_of(test: Node, broken: Collection[str]) -> str:
    """Return a text with the columns that the broken rules of a test name."""
    rules = pairs(test["test_metadata"]["kwargs"].get("rules", []))
    return " ".join(rules.get(one, one) for one in broken)


def pairs(items: Iterable[Any]) -> dict[str, Any]:
    """Return the SQL of a test's rules or sums by their words.

    An item is a mapping of both, or the SQL alone, which then is its words.
    """
    found: dict[str, Any] = {}
    for one in items:
        found |= one if isinstance(one, dict) else {str(one): str(one)}
    return found


def phrase(test: Node, broken: Collection[str] = ()) -> str:
    """Return in a few words what a data test wants; its description if any.

    Args:
        test: of the manifest.
        broken: of a test of many rules those that do not hold, or of a test of
            sums the columns; empty for all.
    """
    kind, words = _words(test, broken)
    known, _ = WORDS.get(kind, (kind.removeprefix("is_").replace("_", " "), ""))
    return _described(test) or _filled(known, words) + _condition(test)


def sentence(
    test: Node, macros: Mapping[str, Node], broken: Collection[str] = ()
) -> str:
    """Return the sentence that says what a test wants; empty if unknown.

    Args:
        test: a data test or a unit test of the manifest.
        macros: those of the manifest.
        broken: as for `phrase`.
    """
    kind, words = _words(test, broken)
    if described := _described(test):
        return described
    if kind in WORDS:
        said = _filled(WORDS[kind][1], words).removesuffix(".")
        return f"{said}{_condition(test)}."
    macro = macros.get(f"macro.{test.get('package_name')}.test_{kind}", {})
    described = _described(macro)
    return f"{kind}: {described}" if described else ""


def _described(node: Node) -> str:
    return " ".join((node.get("description") or "").split())


def _condition(test: Node) -> str:
    condition = test["config"].get("where")
    return f" (where {condition})" if condition else ""


def _words(
    test: Node, broken: Collection[str] = ()
) -> tuple[str, dict[str, str]]:
    """Return the kind of a test, and its arguments in words."""
    metadata = test.get("test_metadata") or {}
    given = metadata.get("kwargs", {})
    words = {name: _word(value) for name, value in given.items()}
    rules = list(pairs(given.get("rules", [])))
    if "not_null" in words:
        rules.append(f"{words['not_null']} not null")
    if broken and "sums" in words:
        words["sums"] = ", ".join(broken)
    words["rules"] = " / ".join(broken or rules)
    return metadata.get("name", test["name"]), {"column_name": "", **words}


def _filled(text: str, words: Mapping[str, str]) -> str:
    return " ".join(text.format_map(words).split())


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(pairs(value))
    reference = re.fullmatch(r"(?:ref|source)\(.*?'(\w+)'\)", str(value))
    return reference[1] if reference else str(value)
