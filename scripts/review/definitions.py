"""What changed in tests, metrics and exposures."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scripts.review.causes import meaning, short
from scripts.review.tables import Node
from scripts.shared.tests_in_words import name_of, pairs

Manifest = Mapping[str, Any]
# Part of a test's config that changes when it fails; the rest is storage.
TEST_CONFIG = (
    "severity", "where", "limit", "fail_calc", "warn_if", "error_if", "enabled",
)  # fmt: skip
# What is built on the models, and which parts of it may change a figure.
DEFINITIONS = {
    "metrics": ("type", "type_params", "filter", "time_granularity"),
    "semantic_models": (
        "model", "defaults", "entities", "measures", "dimensions",
        "primary_entity",
    ),
    "exposures": ("type", "url", "depends_on"),
}  # fmt: skip
PROSE = {"description", "label", "config", "metadata"}


def test_changes(base: Manifest, head: Manifest) -> Iterator[str]:
    """Yield what changed in the tests, the removed ones first."""
    old, new = _tests(base), _tests(head)
    pairs = _take_pairs(old, new)
    disabled = head.get("disabled", {})
    gone = [
        ("disabled" if one in disabled else "removed", _told(old[one]))
        for one in old
    ]
    gone.sort(key=lambda one: (one[0] == "disabled", one))
    yield from (f"{what}: {test}" for what, test in gone)
    # Names by what changed, so that one change of all tests hides no other.
    changed: dict[str, list[str]] = {}
    for before, after in pairs:
        if words := "; ".join(_differences(before, after)):
            changed.setdefault(words, []).append(f"`{name_of(after)}`")
    lines = []
    for words, names in changed.items():
        many = len(names) > 2
        told = f"{len(names)} tests" if many else ", ".join(sorted(names))
        lines.append(f"changed: {told}: {words}")
    yield from sorted(
        lines, key=lambda line: (": severity `" not in line, line)
    )
    yield from sorted(f"added: {_told(one)}" for one in new.values())


def definition_changes(base: Manifest, head: Manifest) -> Iterator[str]:
    """Yield what changed in what is built on the models, but not its prose.

    A metric may change its figures while no table does.
    """
    for kind, names in DEFINITIONS.items():
        old, new = (one.get(kind, {}) for one in (base, head))
        noun = kind.removesuffix("s").replace("_", " ")
        for unique_id in sorted(old | new):
            what = f"{noun} `{unique_id.rpartition('.')[2]}`"
            if unique_id not in old:
                yield f"added: {what}"
                continue
            if unique_id not in new:
                yield f"removed: {what}"
                continue
            parts = [dict(_parts(one[unique_id], names)) for one in (old, new)]
            if words := [
                f"{name} {told}"
                for name in parts[0] | parts[1]
                if (told := _change(*(one.get(name) for one in parts)))
            ]:
                yield f"changed: {what}: {', '.join(words)}"


def _change(old: Any, new: Any, place: str = "") -> str:
    """Return where two definitions differ, and what was and is there."""
    if isinstance(old, dict) and isinstance(new, dict):
        found = [
            _change(old.get(key), new.get(key), f"{place}.{key}".lstrip("."))
            for key in old | new
            # dbt makes these of the others.
            if key != "input_measures" and old.get(key) != new.get(key)
        ]
        return "; ".join(found)
    if old == new:
        return ""
    return f"{place} `{short(old)}` → `{short(new)}`".strip()


def _parts(definition: Node, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Yield the parts of a definition, those of a list each by its name."""
    for name in names:
        value = definition.get(name)
        if not isinstance(value, list):
            yield name.replace("_", " "), value
            continue
        noun = "entity" if name == "entities" else name.removesuffix("s")
        for one in value:
            kept = {key: one[key] for key in one if key not in PROSE}
            yield f"{noun} `{one['name']}`", kept


def _tests(manifest: Manifest) -> dict[str, Node]:
    nodes = manifest["nodes"].items()
    return manifest["unit_tests"] | {
        unique_id: node
        for unique_id, node in nodes
        if unique_id.startswith("test.")
    }


def _take_pairs(
    old: dict[str, Node], new: dict[str, Node]
) -> list[tuple[Node, Node]]:
    """Take the tests out that both builds have.

    A changed argument changes the name that dbt makes of a test: what is left
    over is paired by what it tests, where that is one test.
    """
    pairs = [(old.pop(one), new.pop(one)) for one in set(old) & set(new)]
    subjects: dict[tuple, tuple[list[str], list[str]]] = {}
    for side, tests in enumerate((old, new)):
        for unique_id, test in tests.items():
            if kind := (test.get("test_metadata") or {}).get("name"):
                subject = (test["attached_node"], test["column_name"], kind)
                subjects.setdefault(subject, ([], []))[side].append(unique_id)
    for before, after in subjects.values():
        if len(before) == len(after) == 1:
            pairs.append((old.pop(before[0]), new.pop(after[0])))
    return pairs


def _arguments(test: Node) -> dict[str, Any]:
    """Return the arguments of a generic test, but for what it tests."""
    given = (test.get("test_metadata") or {}).get("kwargs", {})
    return {
        name: value
        for name, value in given.items()
        if name not in ("model", "column_name")
    }


def _told(test: Node) -> str:
    words = [
        f"{name}: {short(value)}" for name, value in _arguments(test).items()
    ]
    return f"`{name_of(test)}`" + (f" ({', '.join(words)})" if words else "")


def _of_lists(
    name: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[str]:
    for words in old | new:
        if words not in new:
            yield f"{name}: `{words}` removed"
        elif words not in old:
            yield f"{name}: `{words}` added"
        elif old[words] != new[words]:
            yield f"{name}: `{words}`: `{old[words]}` → `{new[words]}`"


def _differences(old: Node, new: Node) -> Iterator[str]:
    """Yield what differs in all that decides when a test fails."""
    before, after = (
        {name: one["config"].get(name) for name in TEST_CONFIG}
        | _arguments(one)
        for one in (old, new)
    )
    for name in before | after:
        a, b = before.get(name), after.get(name)
        if isinstance(a, list) and isinstance(b, list):
            yield from _of_lists(name, pairs(a), pairs(b))
        elif a != b:
            yield f"{name} `{short(a)}` → `{short(b)}`"
    for name in ("given", "expect", "overrides"):
        if old.get(name) != new.get(name):
            yield f"{name} edited"
    if not new.get("test_metadata") and meaning(
        old.get("raw_code", "")
    ) != meaning(new.get("raw_code", "")):
        yield "SQL edited"
