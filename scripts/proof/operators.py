"""Small edits of SQL, of the kind that a person makes by mistake.

A model's SQL is taken apart into its CTEs; each operator looks at one node of
the parsed SQL and yields what it would replace there. What a macro of
dbt_utils or `clean_text` expands to is edited as a whole.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

import sqlglot
from sqlglot import exp

DIALECT = "duckdb"

Edits = Iterator[tuple[exp.Expression, exp.Expression | None]]

COMPARISONS: Mapping[type[exp.Expression], type[exp.Expression]] = {
    exp.LT: exp.LTE,
    exp.LTE: exp.LT,
    exp.GT: exp.GTE,
    exp.GTE: exp.GT,
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
}
FUNCTIONS: Mapping[type[exp.Expression], type[exp.Expression]] = {
    exp.Min: exp.Max,
    exp.Max: exp.Min,
    exp.Sum: exp.Count,
    exp.Avg: exp.Sum,
    exp.LogicalAnd: exp.LogicalOr,
    exp.LogicalOr: exp.LogicalAnd,
    exp.RowNumber: exp.Rank,
    exp.Rank: exp.DenseRank,
    exp.DenseRank: exp.RowNumber,
    exp.Lag: exp.Lead,
    exp.Lead: exp.Lag,
    exp.FirstValue: exp.LastValue,
    exp.LastValue: exp.FirstValue,
}
UNITS = {
    "DAY": "MONTH",
    "DOY": "DAY",
    "WEEK": "MONTH",
    "MONTH": "YEAR",
    "QUARTER": "YEAR",
    "YEAR": "MONTH",
}


def join(node: exp.Expression) -> Edits:
    """An inner for a left join, and the reverse."""
    if isinstance(node, exp.Join) and node.args.get("on"):
        other = node.copy()
        other.set("side", None if node.side else "LEFT")
        other.set("kind", "INNER" if node.side else None)
        yield node, other


def predicate(node: exp.Expression) -> Edits:
    """One condition less."""
    if isinstance(node, exp.And | exp.Or):
        yield node, node.left
        if not isinstance(node.left, type(node)):
            yield node, node.right
    elif isinstance(node, exp.Where | exp.Having | exp.Qualify):
        if not isinstance(node.this, exp.And):
            yield node, None
    elif isinstance(node, exp.Join):
        condition = node.args.get("on")
        if condition and not isinstance(condition, exp.And):
            yield condition, exp.true()
    elif isinstance(node, exp.Filter):
        yield node, node.this


def comparison(node: exp.Expression) -> Edits:
    """The neighbour of a comparison, such as <= for <."""
    # In a join, = is dropped (see `predicate`), which is the same mistake.
    if type(node) in COMPARISONS and not (
        isinstance(node, exp.EQ) and isinstance(clause(node), exp.Join)
    ):
        yield node, COMPARISONS[type(node)](**node.copy().args)


def logic(node: exp.Expression) -> Edits:
    """Or for and, a not lost or added, false for true."""
    if isinstance(node, exp.And | exp.Or):
        other = exp.Or if isinstance(node, exp.And) else exp.And
        left, right = exp.paren(node.left), exp.paren(node.right)
        yield node, exp.paren(other(this=left, expression=right))
    elif isinstance(node, exp.Not):
        yield node, node.this
    elif isinstance(node, exp.Is) and not isinstance(node.parent, exp.Not):
        yield node, exp.Not(this=node.copy())
    elif isinstance(node, exp.Boolean):
        yield node, exp.Boolean(this=not node.this)


def arithmetic(node: exp.Expression) -> Edits:
    """Minus for plus, / for * and the reverse; a difference the other way."""
    for one, other in ((exp.Add, exp.Sub), (exp.Mul, exp.Div)):
        if isinstance(node, one | other):
            made = other if isinstance(node, one) else one
            same = node.copy()
            yield node, made(this=same.this, expression=same.expression)
    if isinstance(node, exp.DateDiff):
        turned = node.copy()
        turned.set("this", node.expression.copy())
        turned.set("expression", node.this.copy())
        yield node, turned


def function(node: exp.Expression) -> Edits:
    """Another aggregate or window function; a lost distinct."""
    if type(node) in FUNCTIONS:
        yield node, FUNCTIONS[type(node)](**node.copy().args)
    elif isinstance(node, exp.Distinct):
        if isinstance(node.parent, exp.Select):
            yield node, None
        else:
            yield node, node.expressions[0]


def coalesce(node: exp.Expression) -> Edits:
    """A lost coalesce or nullif."""
    if isinstance(node, exp.Coalesce):
        if len(node.expressions) > 1:
            yield node.expressions[-1], None
        else:
            yield node, node.this
    elif isinstance(node, exp.Nullif) and not is_clean_text(node):
        yield node, node.this


def cleaning(node: exp.Expression) -> Edits:
    """A text not cleaned; of the first text also each layer of it alone."""
    if is_clean_text(node):
        column = node.find(exp.Column)
        yield node, column
        texts = filter(is_clean_text, node.root().walk(bfs=False))
        if node is next(texts):
            layer = node
            while layer is not column:
                yield layer, layer.this
                layer = layer.this
    elif isinstance(node, exp.Trim):
        yield node, node.this


def case(node: exp.Expression) -> Edits:
    """A lost branch of a case."""
    if isinstance(node, exp.Case):
        branches = node.args["ifs"]
        otherwise = node.args.get("default")
        for branch in branches:
            if len(branches) > 1:
                yield branch, None
            elif otherwise:
                yield node, otherwise
        if otherwise and not isinstance(otherwise, exp.Null):
            yield otherwise, exp.null()


def literal(node: exp.Expression) -> Edits:
    """Another number, text, day or unit of time."""
    if isinstance(node, exp.Literal):
        try:
            number = exp.Literal.number(Decimal(node.name) + 1)
            yield node, number
        except InvalidOperation:
            try:
                other = date.fromisoformat(node.name) - timedelta(days=1)
            except ValueError:
                other = f"{node.name}?"
            yield node, exp.Literal.string(str(other))
    elif isinstance(node, exp.Var) and node.name.upper() in UNITS:
        yield node, exp.var(UNITS[node.name.upper()])


def window(node: exp.Expression) -> Edits:
    """The order reversed, a partition lost, the frame too long."""
    if isinstance(node, exp.Ordered):
        turned = node.copy()
        turned.set("desc", not node.args.get("desc"))
        yield node, turned
    elif isinstance(node, exp.Window):
        for part in node.args.get("partition_by") or []:
            yield part, None
    elif (
        isinstance(node, exp.WindowSpec)
        and node.args.get("end") == "CURRENT ROW"
    ):
        longer = node.copy()
        longer.set("end", "UNBOUNDED")
        longer.set("end_side", "FOLLOWING")
        yield node, longer


def union(node: exp.Expression) -> Edits:
    """Union distinct for union all, and the reverse."""
    if isinstance(node, exp.Union):
        other = node.copy()
        other.set("distinct", not node.args.get("distinct"))
        yield node, other


def key(node: exp.Expression) -> Edits:
    """A part of a surrogate key lost, or two swapped."""
    if isinstance(node, exp.MD5):
        parts = list(node.find_all(exp.Coalesce, bfs=False))
        for place in range(len(parts) if len(parts) > 1 else 0):
            yield node, key_of(parts[:place] + parts[place + 1 :])
        for place in range(1, len(parts)):
            first, second = parts[place - 1 : place + 1]
            turned = [*parts[: place - 1], second, first, *parts[place + 1 :]]
            yield node, key_of(turned)


def key_of(parts: Sequence[exp.Expression]) -> exp.Expression:
    """Return a surrogate key as dbt_utils makes it."""
    text = " || '-' || ".join(part.sql(DIALECT) for part in parts)
    return sqlglot.parse_one(f"md5(cast({text} as text))", dialect=DIALECT)


def column(node: exp.Expression) -> Edits:
    """The next column of the same table and type, in a select list."""
    columns = [node]
    if is_whole(node):
        columns = list(node.find_all(exp.Column, bfs=False))
    for old in columns:
        if name := old.meta.get("sibling"):
            new = exp.column(name, table=old.table or None)
            bare = isinstance(old.parent, exp.Select)
            yield old, exp.alias_(new, old.name) if bare else new


OPERATORS: Mapping[str, Callable[[exp.Expression], Edits]] = {
    operator.__name__: operator
    for operator in (
        join,
        predicate,
        comparison,
        logic,
        arithmetic,
        function,
        coalesce,
        cleaning,
        case,
        literal,
        window,
        union,
        key,
        column,
    )
}


def is_clean_text(node: exp.Expression) -> bool:
    """Return whether a node is what the macro clean_text expands to."""
    return isinstance(node, exp.Nullif) and isinstance(node.this, exp.Trim)


def is_whole(node: exp.Expression) -> bool:
    """Return whether a node is edited as a whole: what macros expand to."""
    return isinstance(node, exp.MD5) or is_clean_text(node)


def nodes_of(tree: exp.Expression) -> list[exp.Expression]:
    """Return the nodes that may be edited, in an order that never changes."""

    def has_nothing_below(node: exp.Expression) -> bool:
        return (
            is_whole(node)
            or isinstance(node, exp.DataType)
            or (
                isinstance(node, exp.Table)
                and isinstance(node.this, exp.Identifier)
            )
        )

    return list(tree.walk(bfs=False, prune=has_nothing_below))


def clause(node: exp.Expression) -> exp.Expression:
    """Return the item of a select list, join or where that holds a node."""
    ends = (exp.Select, exp.CTE, exp.Subquery, exp.Union, exp.With)
    while node.parent and not isinstance(node.parent, ends):
        node = node.parent
    return node
