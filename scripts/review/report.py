"""Write a comparison as Markdown, the most telling first."""

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import groupby
from typing import Any

from scripts.review.announcements import CHANGELOG, Change
from scripts.review.comparison import Comparison
from scripts.review.rows import Rows
from scripts.review.tables import Node, is_internal, noun
from scripts.shared.wording import plural

# Names, lines or columns of one kind that are shown.
SHOWN = 8
# Tables by column and its sums in base and head.
Totals = dict[tuple[str, Any, Any], list[str]]


def report(
    found: Comparison,
    notes: list[str],
    variables: list[str],
    silent: list[Change],
) -> str:
    """Return the report.

    Args:
        found: what differs.
        notes: what a reader must know to judge it.
        variables: names of changed variables of dbt.
        silent: the breaks that the changelog does not announce.
    """
    changed = list(found.rows.values())
    totals = _same_totals(changed)
    paragraphs = [
        f"## {_title(found, changed, totals)}",
        _section("**Personal data now readable:**\n",
                 _breaks(found.readable, silent)),
        "\n".join(notes),
        _section("**Breaks contracts:**\n", _breaks(found.breaks, silent)),
        "\n".join(_causes(found, variables)),
        _section("### Rows\n\n", _rows(changed)),
        _section("### Totals\n\n", _totals(totals)),
        _section("### Columns\n\n", (f"- {one}" for one in found.columns)),
        _section("### Metrics and exposures\n\n",
                 (f"- {line}" for line in found.definitions)),
        _section("### Tests\n\n", _tests(found.tests)),
        _section("<details><summary>Samples</summary>\n\n",
                 _samples(changed), "\n\n", "\n\n</details>"),
    ]  # fmt: skip
    return "\n\n".join(filter(None, paragraphs))


def _section(
    start: str, lines: Iterable[str], between: str = "\n", end: str = ""
) -> str:
    text = between.join(lines)
    return f"{start}{text}{end}" if text else ""


def _title(found: Comparison, changed: list[Rows], totals: Totals) -> str:
    """Return what happened to the data."""
    nodes = {
        "added": found.causes.added,
        "removed": found.causes.removed,
    }
    names = {
        what: [f"`{one['name']}`" for one in many if not is_internal(one)]
        for what, many in nodes.items()
    }
    if not changed and not any(names.values()):
        others = []
        if found.columns or found.breaks:
            others.append("columns")
        if any(": exposure " not in line for line in found.definitions):
            others.append("metrics")
        also = f"; {_joined(others)} did" if others else ""
        return f"No data changed{also}"
    words = []
    if changed:
        nouns = Counter(
            noun(one.node)
            for one in sorted(changed, key=lambda one: _rank(one.node))
        )
        told = [plural(count, one) for one, count in nouns.items()]
        verb = "changes" if len(changed) == 1 else "change"
        words.append(f"{_joined(told)} {verb}")
    words += [
        f"{_joined(_few(some))} {what}" for what, some in names.items() if some
    ]
    if amounts := [one for one in totals if one[0].endswith("_amount")]:
        name, *pair = max(amounts, key=lambda one: len(totals[one]))
        noun_ = name.removesuffix("_amount").replace("_", " ")
        words.append(f"{noun_} {_difference(*pair)}")
    return "; ".join(words)


def _rank(node: Node) -> int:
    """Order kinds of tables: what people read, then what it is made of."""
    is_model = node["resource_type"] == "model"
    return 0 if "noun" in node["config"]["meta"] else 1 if is_model else 2


def _breaks(breaks: Iterable[Change], silent: list[Change]) -> Iterator[str]:
    for one in breaks:
        rows = f" in {plural(one.rows, 'row')}" if one.rows else ""
        said = f": not announced in {CHANGELOG}" if one in silent else ""
        yield f"- {one}{rows}{said}"


def _causes(found: Comparison, variables: list[str]) -> Iterator[str]:
    causes = found.causes
    for what, names in (
        ("Macros", causes.macros),
        ("Hooks", causes.hooks),
        ("Variables", variables),
    ):
        if names:
            yield f"- {what}: {', '.join(f'`{name}`' for name in names)}"
    for name, facts in found.facts.items():
        yield f"- Added: `{name}`: {facts}"
    if causes.removed:
        names = ", ".join(f"`{one['name']}`" for one in causes.removed)
        yield f"- Removed: {names}"
    if causes.modified:
        modified = causes.modified.items()
        yield "- Modified: " + ", ".join(f"`{x}` ({y})" for x, y in modified)
    if found.downstream:
        same = _names(found.unchanged)
        yield f"- Downstream: {plural(len(found.downstream), 'model')}" + (
            f", no row changed in {same}" if same else ""
        )
    if found.not_compared:
        names = _names(found.not_compared)
        yield f"- Not compared, as they describe the run itself: {names}"
    if found.unexplained:
        yield (
            f"- Not counted: {_names(found.unexplained)}. Nothing they read was"
            " changed, so any two builds differ: a random value, or a clock"
            " that dbt reads"
        )


def _rows(changed: list[Rows]) -> Iterator[str]:
    if changed:
        yield "| Table | Only base | Only head | Changed | Changed by column |"
        yield "|---|--:|--:|--:|---|"
    for rows in changed:
        words = [f"`{name}` {n:,}" for name, n in rows.by_column.items()]
        if rows.repeated > 0:
            words.insert(0, f"**key repeated in {rows.repeated:,}**")
        if not rows.key:
            words.append("no key: whole rows compared")
        counts = " | ".join(
            f"{rows.counts.get(kind, 0):,}"
            for kind in ("only in base", "only in head", "changed")
        )
        name = rows.node["name"]
        yield f"| `{name}` | {counts} | {', '.join(_few(words))} |"


def _same_totals(changed: list[Rows]) -> Totals:
    """Return the tables that have each sum: most pass it on as it is."""
    found: Totals = {}
    for rows in changed:
        for column, (before, after) in rows.totals.items():
            same = found.setdefault((column, before, after), [])
            same.append(rows.node["name"])
    return found


def _totals(totals: Totals) -> Iterator[str]:
    if totals:
        yield "| Measure | Base | Head | Difference | Tables |"
        yield "|---|--:|--:|--:|---|"
    for (column, before, after), names in totals.items():
        yield (
            f"| `{column}` | {_number(before)} | {_number(after)} |"
            f" {_difference(before, after)} | {_names(names)} |"
        )


def _tests(tests: list[str]) -> Iterator[str]:
    for kind, lines in groupby(tests, key=lambda line: line.split(":")[0]):
        few = list(lines)
        yield from (f"- {line}" for line in few[:SHOWN])
        if len(few) > SHOWN:
            yield f"- and {len(few) - SHOWN} more {kind}"


def _samples(changed: list[Rows]) -> Iterator[str]:
    for rows in changed:
        name = f"**`{rows.node['name']}`**"
        if rows.hides_samples:
            yield f"{name}: personal data, not shown"
        elif rows.samples:
            heads = [*rows.shown_key, "Base → head"]
            lines = [name, "", f"| {' | '.join(heads)} |"]
            lines.append("|---" * len(heads) + "|")
            for key, kind, columns in rows.samples:
                words = [
                    f"`{column}` {_cell(before)} → {_cell(after)}"
                    for column, (before, after) in columns.items()
                ]
                cells = [*map(_cell, key), "; ".join(_few(words)) or kind]
                lines.append(f"| {' | '.join(cells)} |")
            yield "\n".join(lines)


def _cell(value: Any) -> str:
    text = " ".join(("(null)" if value is None else str(value)).split())
    text = text if len(text) <= 40 else f"{text[:39]}…"
    for mark, escape in (("&", "&amp;"), ("<", "&lt;"), ("|", "\\|")):
        text = text.replace(mark, escape)
    return text


def _number(value: Any) -> str:
    if value is None:
        return "(null)"
    return f"{value:,.10g}" if isinstance(value, float) else f"{value:,}"


def _difference(before: Any, after: Any) -> str:
    before, after = before or 0, after or 0
    if isinstance(before, float) or isinstance(after, float):
        return f"{float(after) - float(before):+,.10g}"
    return f"{Decimal(after) - Decimal(before):+,}"


def _few(words: list[str]) -> list[str]:
    if len(words) <= SHOWN:
        return words
    return [*words[:SHOWN], f"{len(words) - SHOWN} more"]


def _names(names: list[str]) -> str:
    return ", ".join(_few([f"`{name}`" for name in names]))


def _joined(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
