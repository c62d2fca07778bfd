"""Make the star with polars, as many people would write it.

The dimensions and four facts, to Parquet files: natural keys instead of hashed
ones, amounts as the decimals of the source, lazy and streamed.
"""

import sys
from pathlib import Path

import polars as pl

ORDER_DATES = ["order_date", "required_date", "shipped_date"]
PLACE = {
    "city": "city",
    "state": "state",
    "postalCode": "postal_code",
    "country": "country_name",
}
AMOUNT = pl.Decimal(18, 2)


def read(data: Path, table: str, names: dict[str, str]) -> pl.LazyFrame:
    """Read some columns of a table, under new names and with clean texts."""
    path = data / table
    path = path / "*.parquet" if path.is_dir() else path.with_suffix(".parquet")
    texts = pl.col(pl.String).exclude("^.*_id$")
    return (
        pl.scan_parquet(path)
        .select(pl.col(old).alias(new) for old, new in names.items())
        .with_columns(texts.str.strip_chars().str.replace_all(r"\s+", " "))
    )


def date_key(column: str) -> pl.Expr:
    """Return days as whole numbers such as 20050531; -1 for none."""
    day = pl.col(column).dt
    key = day.year() * 10000 + day.month().cast(pl.Int32) * 100 + day.day()
    return key.fill_null(-1).cast(pl.Int32).alias(f"{column}_key")


def amount(value: pl.Expr, name: str) -> pl.Expr:
    """Return money that is 0 where there is none."""
    return value.cast(AMOUNT).fill_null(pl.lit(0, AMOUNT)).alias(name)


def make_dimensions(data: Path, seeds: Path) -> dict[str, pl.LazyFrame]:
    """Return the dimensions by name."""
    countries = pl.scan_csv(seeds / "countries.csv")
    customers = read(
        data,
        "customers",
        {
            "customerNumber": "customer_id",
            "customerName": "customer_name",
            "salesRepEmployeeNumber": "sales_rep_employee_id",
            "creditLimit": "credit_limit_amount",
            **PLACE,
        },
    ).join(
        countries.select("country_name", "region"),
        on="country_name",
        how="left",
    )
    offices = read(
        data,
        "offices",
        {"officeCode": "office_id", "territory": "region", **PLACE},
    )
    employees = read(
        data,
        "employees",
        {
            "employeeNumber": "employee_id",
            "firstName": "first_name",
            "lastName": "last_name",
            "jobTitle": "job_title",
            "officeCode": "office_id",
            "reportsTo": "manager_employee_id",
        },
    )
    products = read(
        data,
        "products",
        {
            "productCode": "product_id",
            "productName": "product_name",
            "productLine": "product_line",
            "productVendor": "product_vendor",
            "productScale": "product_scale",
            "quantityInStock": "quantity_in_stock",
            "buyPrice": "unit_cost_amount",
            "MSRP": "msrp_amount",
        },
    )
    columns = list(PLACE.values())
    locations = (
        pl.concat([customers.select(columns), offices.select(columns)])
        .unique()
        .join(countries, on="country_name", how="left")
    )
    return {
        "dim_customers": customers,
        "dim_offices": offices,
        "dim_employees": employees,
        "dim_products": products,
        "dim_locations": locations,
        "dim_order_statuses": pl.scan_csv(seeds / "order_statuses.csv"),
    }


def make_dates(orders: pl.LazyFrame, payments: pl.LazyFrame) -> pl.LazyFrame:
    """Return all days of the years in the data, and of one more."""
    first, last = (
        pl.concat(
            [
                *(orders.select(date_day=name) for name in ORDER_DATES),
                payments.select(date_day="payment_date"),
            ]
        )
        .select(first=pl.col("date_day").min(), last=pl.col("date_day").max())
        .collect(engine="streaming")
        .row(0)
    )
    day = pl.col("date_day").dt
    return pl.LazyFrame(
        {
            "date_day": pl.date_range(
                pl.date(first.year, 1, 1),
                pl.date(last.year + 1, 12, 31),
                eager=True,
            )
        }
    ).with_columns(
        date_key("date_day").alias("date_key"),
        year_number=day.year(),
        quarter_number=day.quarter(),
        month_number=day.month(),
        month_name=day.strftime("%B"),
        day_name=day.strftime("%A"),
        is_weekend=day.weekday() >= 6,
    )


def make_lines(
    data: Path, orders: pl.LazyFrame, products: pl.LazyFrame
) -> pl.LazyFrame:
    """Return the order lines with the keys of their orders, and amounts."""
    counts = pl.col("counts_as_net_sales")
    quantity = pl.col("quantity_ordered").cast(AMOUNT)
    ordered, cost = pl.col("ordered_amount"), pl.col("cost_amount")
    return (
        read(
            data,
            "orderdetails",
            {
                "orderNumber": "order_id",
                "productCode": "product_id",
                "orderLineNumber": "order_line_number",
                "quantityOrdered": "quantity_ordered",
                "priceEach": "unit_price_amount",
            },
        )
        .join(
            products.select("product_id", "unit_cost_amount", "msrp_amount"),
            on="product_id",
            how="left",
        )
        .join(orders.drop(ORDER_DATES), on="order_id", how="left")
        .with_columns(
            amount(quantity * pl.col("unit_price_amount"), "ordered_amount"),
            amount(quantity * pl.col("unit_cost_amount"), "cost_amount"),
        )
        .with_columns(
            amount(pl.when(counts).then(ordered), "net_sales_amount"),
            amount(pl.when(~counts).then(ordered), "cancelled_amount"),
            amount(ordered - cost, "margin_amount"),
        )
        .drop("counts_as_net_sales")
    )


def make_orders(orders: pl.LazyFrame, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return the orders with the sums of their lines, and how late they are."""
    amounts = ["ordered", "net_sales", "cancelled", "cost", "margin"]
    names = [f"{name}_amount" for name in amounts]
    sums = lines.group_by("order_id").agg(
        pl.len().alias("line_count"),
        pl.col("quantity_ordered").cast(pl.Int32).sum(),
        pl.col(names).sum(),
    )
    shipped, required = pl.col("shipped_date"), pl.col("required_date")
    return orders.join(sums, on="order_id", how="left").with_columns(
        pl.col("line_count", "quantity_ordered").fill_null(0),
        *(amount(pl.col(name), name) for name in names),
        days_to_ship=(shipped - pl.col("order_date")).dt.total_days(),
        is_late=(shipped > required).fill_null(False),
        is_past_due=shipped.is_null()
        & pl.col("counts_as_net_sales")
        & (required < pl.col("order_date").max()),
    )


def make_balances(
    orders: pl.LazyFrame, payments: pl.LazyFrame, customers: pl.LazyFrame
) -> pl.LazyFrame:
    """Return what each customer owes at the end of each month."""
    nothing = pl.lit(0, AMOUNT)
    movements = (
        pl.concat(
            [
                orders.select(
                    "customer_id",
                    pl.col("order_date").dt.truncate("1mo").alias("month"),
                    "net_sales_amount",
                    nothing.alias("paid_amount"),
                ),
                payments.select(
                    "customer_id",
                    pl.col("payment_date").dt.truncate("1mo").alias("month"),
                    nothing.alias("net_sales_amount"),
                    pl.col("payment_amount").cast(AMOUNT).alias("paid_amount"),
                ),
            ]
        )
        .group_by("customer_id", "month")
        .agg(pl.col("net_sales_amount", "paid_amount").sum())
    )
    months = movements.select(
        pl.date_range(
            pl.col("month").min(), pl.col("month").max(), interval="1mo"
        ).alias("month")
    )
    owed = pl.col("net_sales_amount") - pl.col("paid_amount")
    return (
        customers.select("customer_id", "credit_limit_amount")
        .join(months, how="cross")
        .join(movements, on=["customer_id", "month"], how="left")
        .with_columns(
            amount(pl.col("net_sales_amount"), "net_sales_amount"),
            amount(pl.col("paid_amount"), "paid_amount"),
        )
        .sort("customer_id", "month")
        .with_columns(
            owed.cum_sum().over("customer_id").alias("balance_amount"),
            month_end_date=pl.col("month").dt.month_end(),
        )
        .with_columns(
            date_key("month_end_date"),
            (pl.col("balance_amount") > pl.col("credit_limit_amount"))
            .fill_null(False)
            .alias("is_over_credit_limit"),
        )
        .drop("month", "month_end_date")
    )


def make_star(data: Path, seeds: Path) -> dict[str, pl.LazyFrame]:
    """Return what makes the tables, by name."""
    star = make_dimensions(data, seeds)
    orders = (
        read(
            data,
            "orders",
            {
                "orderNumber": "order_id",
                "customerNumber": "customer_id",
                "status": "order_status",
                "orderDate": "order_date",
                "requiredDate": "required_date",
                "shippedDate": "shipped_date",
            },
        )
        .with_columns(date_key(name) for name in ORDER_DATES)
        .join(
            star["dim_order_statuses"].select(
                "order_status", "counts_as_net_sales"
            ),
            on="order_status",
            how="left",
        )
        .join(
            star["dim_customers"].select(
                "customer_id", "sales_rep_employee_id"
            ),
            on="customer_id",
            how="left",
        )
    )
    payments = read(
        data,
        "payments",
        {
            "customerNumber": "customer_id",
            "checkNumber": "check_number",
            "paymentDate": "payment_date",
            "amount": "payment_amount",
        },
    ).with_columns(date_key("payment_date"))
    lines = make_lines(data, orders, star["dim_products"])
    totalled = make_orders(orders, lines)
    return star | {
        "dim_dates": make_dates(orders, payments),
        "fct_order_lines": lines,
        "fct_orders": totalled,
        "fct_payments": payments,
        "fct_customer_balances_monthly": make_balances(
            totalled, payments, star["dim_customers"]
        ),
    }


if __name__ == "__main__":
    source, to = map(Path, sys.argv[1:3])
    to.mkdir(parents=True)
    star = make_star(source, Path("seeds/reference"))
    # All at once, so that what several tables need is computed once.
    pl.collect_all(
        [
            rows.sink_parquet(to / f"{table}.parquet", lazy=True)
            for table, rows in star.items()
        ],
        engine="streaming",
    )
