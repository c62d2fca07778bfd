"""What changed in the tests, the metrics and the exposures."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from scripts.review.causes import meaning, short
from scripts.review.tables import Node
from scripts.shared.tests_in_words import name_of, phrase

Manifest = Mapping[str, Any]
# Part of a test's config that changes when it fails; the rest is storage.
TEST_CONFIG = (
    "severity", "where", "limit", "fail_calc", "warn_if", "error_if", "enabled",
)  # fmt: skip
# What stands on the models, and which of its parts may change a figure.
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
    """Yield what changed in the tests, the removed ones first.

    A changed argument changes the name that dbt makes of a test, so what is
    left over is paired by what it tests.
    """
    left, right = (
        _by(_tests(one), lambda test: test["unique_id"]) for one in (base, head)
    )
    pairs = _take_pairs(left, right)
    before, after = (_by(one.values(), _subject) for one in (left, right))
    pairs += _take_pairs(before, after)
    disabled = head.get("disabled", {})
    gone = [
        ("disabled" if one["unique_id"] in disabled else "removed", _told(one))
        for one in before.values()
    ]
    yield from (f"{what}: {test}" for what, test in sorted(gone, reverse=True))
    # Names by what changed, so that one change of all tests hides no other.
    changed: dict[str, list[str]] = {}
    for old, new in pairs:
        words = "; ".join(
            f"{name} `{short(a)}` → `{short(b)}`"
            for name, a, b in _settings(old, new)
            if a != b
        )
        if words:
            changed.setdefault(words, []).append(f"`{name_of(new)}`")
    lines = []
    for words, names in changed.items():
        told = ", ".join(sorted(names))
        if len(names) > 2:
            told = f"{len(names)} tests"
        lines.append(f"changed: {told}: {words}")
    yield from sorted(
        lines, key=lambda line: (": severity `" not in line, line)
    )
    yield from sorted(f"added: {_told(one)}" for one in after.values())


def definition_changes(base: Manifest, head: Manifest) -> Iterator[str]:
    """Yield what changed in what stands on the models, without its prose.

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
                name
                for name in parts[0] | parts[1]
                if parts[0].get(name) != parts[1].get(name)
            ]:
                yield f"changed: {what}: {', '.join(words)}"


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


def _tests(manifest: Manifest) -> Iterator[Node]:
    for unique_id, node in manifest["nodes"].items():
        if unique_id.startswith("test."):
            yield node
    yield from manifest["unit_tests"].values()


def _by(tests: Iterable[Node], key: Callable[[Node], Any]) -> dict[Any, Node]:
    """Return tests by a key, those after the first of a key numbered."""
    found: dict[Any, Node] = {}
    for test in sorted(tests, key=lambda one: one["unique_id"]):
        number = 0
        while (key(test), number) in found:
            number += 1
        found[key(test), number] = test
    return found


def _take_pairs(
    left: dict[Any, Node], right: dict[Any, Node]
) -> list[tuple[Node, Node]]:
    return [(left.pop(one), right.pop(one)) for one in {*left} & {*right}]


def _subject(test: Node) -> tuple:
    metadata = test.get("test_metadata")
    if not metadata:
        return (test["unique_id"],)
    return test["attached_node"], test["column_name"], metadata["name"]


def _arguments(test: Node) -> dict[str, Any]:
    """Return the arguments of a generic test, but for what it tests."""
    given = (test.get("test_metadata") or {}).get("kwargs", {})
    return {
        name: value
        for name, value in given.items()
        if name not in ("model", "column_name")
    }


def _told(test: Node) -> str:
    """Return a test by name, and what it wants if that says more."""
    words = f" ({short(phrase(test))})" if _arguments(test) else ""
    return f"`{name_of(test)}`{words}"


def _settings(old: Node, new: Node) -> Iterator[tuple[str, Any, Any]]:
    """Yield name and both values of all that decides when a test fails."""
    for name in TEST_CONFIG:
        yield name, old["config"].get(name), new["config"].get(name)
    before, after = _arguments(old), _arguments(new)
    for name in sorted(before | after):
        yield name, before.get(name), after.get(name)
    if old["resource_type"] == "unit_test":
        for name in ("given", "expect", "overrides"):
            if old.get(name) != new.get(name):
                yield name, "as in base", "edited"
    elif not old.get("test_metadata") and meaning(old["raw_code"]) != meaning(
        new["raw_code"]
    ):
        yield "SQL", "as in base", "edited"
