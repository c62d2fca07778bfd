"""Read the metrics of models/semantics, and compute them with SQL on the marts.

It knows sums and counts, with filters on dimensions, and their ratios.
MetricFlow knows more, but is an optional requirement, and does not give the
rows that a page needs to filter.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.shared.artifacts import read_artifact
from scripts.shared.errors import UserError
from scripts.shared.paths import shown

Node = Mapping[str, Any]

DIMENSION = re.compile(r"\{\{\s*Dimension\(\s*['\"](\w+)['\"]\s*\)\s*\}\}")
# What each aggregation makes of a measure's expression, and then of the column.
AGGREGATIONS = {
    "sum": ("{}", "sum"),
    "sum_boolean": ("cast({} as integer)", "sum"),
    "count": ("cast({} is not null as integer)", "sum"),
    "count_distinct": ("{}", "count_distinct"),
}
# What would change the figure, and is not known here: in a metric's use in a
# ratio, a measure's use in a metric, and the measure itself.
UNKNOWN = (
    *("offset_window", "offset_to_grain", "join_to_timespine"),
    *("fill_nulls_with", "non_additive_dimension"),
)


@dataclass(frozen=True)
class Part:
    """A sum or a count over rows of a fact: a simple metric, or half a ratio.

    Attributes:
        name: of its metric.
        label: of its metric.
        model: the semantic model of the fact.
        column: what the rows call the measure.
        expression: SQL of the measure.
        aggregation: sum or count_distinct.
        condition: which rows count, as SQL on their dimensions; "" for all.
        filter: what the rows call the condition; "" for all.
    """

    name: str
    label: str
    model: str
    column: str
    expression: str
    aggregation: str
    condition: str
    filter: str


@dataclass(frozen=True)
class Metric:
    """A sum, a count, or a ratio of such.

    Attributes:
        name: as one asks for it.
        label: its name for people.
        description: its meaning.
        parts: itself, or its numerator and denominator.
    """

    name: str
    label: str
    description: str
    parts: tuple[Part, ...]


def condition_of(*filters: Node | None) -> str:
    """Return the filters of a metric and of its uses as one condition."""
    found = dict.fromkeys(
        one["where_sql_template"].strip()
        for given in filters
        for one in (given or {"where_filters": []})["where_filters"]
    )
    return " and ".join(one if len(found) == 1 else f"({one})" for one in found)


def plain(condition: str) -> str:
    """Return a condition with nothing but the names of its dimensions."""
    return DIMENSION.sub(r"\1", condition)


class Metrics:
    """The metrics of the project, as dbt wrote them into its target folder.

    Attributes:
        nodes: dbt's metrics by name.
        measures: by name, each with its semantic model. dbt sees to it that the
            names differ.
    """

    def __init__(self, target: Path) -> None:
        """Read them from semantic_manifest.json.

        Raises:
            UserError: the file is missing or damaged.
        """
        name = "semantic_manifest.json"
        found = read_artifact(target, name, "make build")
        self._file = shown(target / name)
        self._models = {one["name"]: one for one in found["semantic_models"]}
        self.nodes: dict[str, Node] = {
            one["name"]: one for one in found["metrics"]
        }
        self.measures: dict[str, tuple[Node, Node]] = {
            measure["name"]: (model, measure)
            for model in self._models.values()
            for measure in model["measures"]
        }

    def metric(self, name: str) -> Metric:
        """Return a metric.

        Raises:
            UserError: there is none of this name, or it is of a kind that is
                not known here.
        """
        if name not in self.nodes:
            raise UserError(
                f"metric {name} is not in {self._file}: define it in"
                " models/semantics, and run dbt parse"
            )
        node = self.nodes[name]
        if node["type"] == "ratio":
            parts = tuple(
                self._part(node, node["type_params"][side])
                for side in ("numerator", "denominator")
            )
        else:
            parts = (self._part(node, {"name": name, "filter": None}),)
        return Metric(name, node["label"], node["description"], parts)

    def rows(
        self, model: str, parts: Iterable[Part], more: Iterable[str] = ()
    ) -> str:
        """Return SQL for the rows of a fact, to select from.

        Args:
            model: the semantic model of the fact.
            parts: of it; the rows have their columns and filters.
            more: dimensions that the rows have as well, by their names.

        Raises:
            UserError: the fact has no such dimension.
        """
        columns, names = {}, list(more)
        for part in parts:
            columns[part.column] = part.expression
            if part.condition:
                condition = _quoted(part.condition)
                columns[part.filter] = f"coalesce({condition}, false)"
                names += DIMENSION.findall(part.condition)
        fact = self._models[model]
        dimensions = [
            self._dimension(fact, name) for name in dict.fromkeys(names)
        ]
        added = "".join(f", {column}" for column, _ in dimensions)
        joins = "".join(join for _, join in dimensions)
        computed = "".join(
            f', {sql} as "{name}"' for name, sql in columns.items()
        )
        return (
            f"(select *{computed} from"
            f" (select facts.*{added} from {_table(fact)} as facts{joins}))"
        )

    def sql(
        self, names: Sequence[str], by: Mapping[str, str], where: str = ""
    ) -> str:
        """Return SQL for metrics, with a row for each group.

        Args:
            names: of the metrics, which become columns.
            by: the columns in front, with the dimension that each shows, such
                as product__product_line or metric_time__month; none for all.
            where: a filter as metrics have it, such as
                "{{ Dimension('location__region') }} = 'EMEA'".

        Raises:
            UserError: a name is not known, or not of the facts of all metrics.
        """
        metrics = [self.metric(name) for name in names]
        parts = {part: None for metric in metrics for part in metric.parts}
        columns = {part: f'"part {n}"' for n, part in enumerate(parts)}
        more = [*by.values(), *DIMENSION.findall(where)]
        groups = "".join(f'"{name}" as {alias}, ' for alias, name in by.items())
        # Each fact on its own, for rows of one would multiply the other's.
        facts = []
        for model in dict.fromkeys(part.model for part in parts):
            of_model = [part for part in parts if part.model == model]
            sums = [f"{_aggregate(one)} as {columns[one]}" for one in of_model]
            facts.append(
                f"select {groups}{', '.join(sums)}"
                f" from {self.rows(model, of_model, more)}"
                f" where {_quoted(where) or 'true'}"
                f"{' group by all' if by else ''}"
            )
        figures = []
        for metric in metrics:
            found = [f"any_value({columns[part]})" for part in metric.parts]
            if len(found) > 1:
                ratio = f"{found[0]} / nullif({found[1]}, 0)"
                found = [f"cast({ratio} as decimal(18, 4))"]
            figures.append(f"{found[0]} as {metric.name}")
        return (
            f"select {', '.join([*by, *figures])}"
            f" from ({' union all by name '.join(facts)})"
            f"{' group by all' if by else ''}"
        )

    def _part(self, metric: Node, use: Node) -> Part:
        """Return a simple metric as `metric` uses it, which may be itself."""
        name = use["name"]
        node = self.nodes[name]
        problem = ""
        if node["type"] != "simple":
            problem = f"the type {node['type']}"
        else:
            given = node["type_params"]["measure"]
            model, measure = self.measures[given["name"]]
            condition = condition_of(
                node["filter"], given["filter"], use["filter"], metric["filter"]
            )
            filter_name = plain(condition).replace('"', "")
            problems = [
                key
                for key in UNKNOWN
                for one in (use, given, measure)
                # To fill with 0 is to fill, too.
                if one.get(key) not in (None, False)
            ]
            if measure["agg"] not in AGGREGATIONS:
                problems.append(f"the aggregation {measure['agg']}")
            if "{" in filter_name:
                problems.append(f"the filter {filter_name}")
            problem = problems[0] if problems else ""
        if problem:
            of = "" if name == metric["name"] else f" of {name}"
            raise UserError(
                f"metric {metric['name']}: cannot be computed here: {problem}"
                f"{of} is not known, only sums, counts and ratios of them"
            )
        form, aggregation = AGGREGATIONS[measure["agg"]]
        return Part(
            name=name,
            label=node["label"],
            model=model["name"],
            column=f"{model['name']}.{measure['name']}",
            expression=form.format(f"({_expression(measure)})"),
            aggregation=aggregation,
            condition=condition,
            filter=condition and f"{model['name']}.{filter_name}",
        )

    def _dimension(self, fact: Node, name: str) -> tuple[str, str]:
        """Return the column of a dimension, and the join that it needs."""
        entity, _, dimension = name.partition("__")
        keys = {one["name"]: _expression(one) for one in fact["entities"]}
        if entity == "metric_time":
            time = fact["defaults"]["agg_time_dimension"]
            (day,) = (
                _expression(one)
                for one in fact["dimensions"]
                if one["name"] == time
            )
            return f"date_trunc('{dimension}', {day}) as \"{name}\"", ""
        for model in self._models.values():
            primary = [
                _expression(one)
                for one in model["entities"]
                if (one["name"], one["type"]) == (entity, "primary")
            ]
            found = [
                _expression(one)
                for one in model["dimensions"]
                if one["name"] == dimension
            ]
            if entity in keys and primary and found:
                if model is fact:
                    return f'{found[0]} as "{name}"', ""
                return f'"{name}"', (
                    f' left join (select {primary[0]} as "{name}.key",'
                    f' {found[0]} as "{name}" from {_table(model)})'
                    f' on {keys[entity]} = "{name}.key"'
                )
        raise UserError(f"{fact['name']} has no dimension {name}")


def _expression(node: Node) -> str:
    return node["expr"] or node["name"]


def _table(model: Node) -> str:
    relation = model["node_relation"]
    return f"{relation['schema_name']}.{relation['alias']}"


def _quoted(condition: str) -> str:
    return DIMENSION.sub(r'"\1"', condition)


def _aggregate(part: Part) -> str:
    form = "count(distinct {})" if part.aggregation != "sum" else "sum({})"
    figure = form.format(f'"{part.column}"')
    return figure + (f' filter (where "{part.filter}")' if part.filter else "")
