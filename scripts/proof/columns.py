"""Faults that damage one whole column of the source.

What nightly extracts do to columns: one comes empty, with one value for all, a
row too low, reversed, swapped with another, or cut, doubled or a year
ahead. Which test notices does not matter, but some test must.
"""

from collections.abc import Iterator

import duckdb

from scripts.proof.catalogue import NOTICED, Fault

# The rows of a table, each beside the one whose value it gets.
STATEMENT = """
    create or replace table source.{table} as
    select numbered.* exclude (rank, total) replace ({values})
    from (
        select *, row_number() over () as rank, count(*) over () as total
        from source.{table}
    ) as numbered
    left join (
        select *, row_number() over () as rank from source.{table}
    ) as other
        on other.rank = {other_rank}
    order by numbered.rank
"""
# What is done: the new value, and which row is the other one.
DAMAGES = {
    "empty": ("cast(null as {type})", "null"),
    "one value": ("(select mode({column}) from source.{table})", "null"),
    "a row too low": (
        "other.{column}",
        "(numbered.rank + total - 2) % total + 1",
    ),
    "reversed": ("other.{column}", "total + 1 - numbered.rank"),
}
ALTERED = {
    "VARCHAR": (
        "cut",
        "left(numbered.{column}, cast(floor("
        "(select median(length({column})) from source.{table}) / 2) as int))",
    ),
    "DATE": (
        "a year ahead",
        "cast(numbered.{column} + interval 1 year as date)",
    ),
}
DOUBLED = ("doubled", "cast(numbered.{column} * 2 as {type})")


def column_faults(connection: duckdb.DuckDBPyConnection) -> Iterator[Fault]:
    """Yield the faults of all columns of the schema `source`.

    The ids are `table.column: damage`. Damage may happen to change nothing,
    such as an empty column that comes empty.
    """
    columns = connection.execute(
        """
        select
            table_name,
            column_name,
            data_type,
            -- The next column of the same type, after the last the first.
            coalesce(
                lead(column_name) over same_type,
                first_value(column_name) over same_type
            )
        from duckdb_columns()
        where schema_name = 'source'
        window same_type as (
            partition by table_name, data_type order by column_index
        )
        order by table_name, column_index
        """
    ).fetchall()
    for table, column, type, neighbour in columns:
        altered, value = ALTERED.get(type, DOUBLED)
        damages = DAMAGES | {altered: (value, "null")}
        if neighbour != column:
            damages["swapped"] = (
                f"numbered.{neighbour} as {column}, numbered.{column}",
                "null",
            )
        for damage, (value, other_rank) in damages.items():
            last = neighbour if damage == "swapped" else column
            sql = STATEMENT.format(
                table="{table}",
                values=f"{value} as {last}",
                other_rank=other_rank,
            )
            yield Fault(
                f"{table}.{column}: {damage}",
                "columns",
                damage,
                NOTICED,
                sql.format(table=table, column=column, type=type),
            )
