"""What a data test is called, and what it wants, in plain words."""

import re
from collections.abc import Mapping
from typing import Any

Node = Mapping[str, Any]

# By kind of test: what it wants of its column or table in a few words, and as
# a sentence. A kind that is not here is told by its name, as in `is masked`,
# and by the description of its macro.
WORDS = {
    "accepted_range": ("{range}", "{column_name} is {range}."),
    "accepted_values": (
        "one of: {values}",
        "{column_name} is one of: {values}.",
    ),
    "expression_is_true": (
        "{column_name} {expression}",
        "In every row: {column_name} {expression}.",
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
    "sum_matches": (
        "sum matches {summed} in {compare_model}",
        "The sum of {column_name} matches {summed} in {compare_model}.",
    ),
    "unique": ("unique", "No two rows have the same {column_name}."),
    "unique_combination_of_columns": (
        "unique by {combination_of_columns} together",
        "No two rows have the same {combination_of_columns}.",
    ),
}


def name_of(test: Node) -> str:
    """Return what a person calls a test: `not_null on model.column`.

    A row condition of a whole table has its text behind it. A test in a file
    of its own and a unit test bear their own names.
    """
    metadata = test.get("test_metadata")
    if not metadata or not test.get("attached_node"):
        return test["name"]
    name = f"{metadata['name']} on {test['attached_node'].split('.')[-1]}"
    if test["column_name"]:
        return f"{name}.{test['column_name']}"
    if expression := metadata["kwargs"].get("expression"):
        return f"{name}: {' '.join(expression.split())}"
    return name


def phrase(test: Node) -> str:
    """Return in a few words what a data test wants; its description if any."""
    kind, words = _words(test)
    known, _ = WORDS.get(kind, (kind.removeprefix("is_").replace("_", " "), ""))
    return _described(test) or _filled(known, words) + _condition(test)


def sentence(test: Node, macros: Mapping[str, Node]) -> str:
    """Return the sentence that says what a test wants; empty if unknown.

    Args:
        test: a data test or a unit test of the manifest.
        macros: those of the manifest.
    """
    kind, words = _words(test)
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


def _words(test: Node) -> tuple[str, dict[str, str]]:
    """Return the kind of a test, and its arguments in words."""
    metadata = test.get("test_metadata") or {}
    given = metadata.get("kwargs", {})
    words = {name: _word(value) for name, value in given.items()}
    summed = words.get("compare_expression", "")
    made = {
        "column_name": "",
        "range": _range(given),
        "summed": "the number of rows" if summed == "1" else summed,
    }
    return metadata.get("name", test["name"]), made | words


def _filled(text: str, words: Mapping[str, str]) -> str:
    return " ".join(text.format_map(words).split())


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    reference = re.fullmatch(r"(?:ref|source)\(.*?'(\w+)'\)", str(value))
    return reference[1] if reference else str(value)


def _range(given: Mapping[str, Any]) -> str:
    low, high = given.get("min_value"), given.get("max_value")
    inclusive = given.get("inclusive", True)
    if inclusive and low is not None and high is not None:
        return f"from {low} to {high}"
    words = ("at least", "at most") if inclusive else ("above", "below")
    return " and ".join(
        f"{word} {bound}"
        for word, bound in zip(words, (low, high), strict=True)
        if bound is not None
    )
