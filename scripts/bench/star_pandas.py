"""Make the star with pandas, as many people would write it.

The dimensions and four facts, to Parquet files: natural keys instead of hashed
ones, and amounts as floats, which pandas adds up fastest.
"""

import sys
from pathlib import Path

import pandas as pd

ORDER_DATES = ["order_date", "required_date", "shipped_date"]


def read(data: Path, table: str, names: dict[str, str]) -> pd.DataFrame:
    """Read some columns of a table, under new names and as plain types."""
    path = data / table
    path = path if path.is_dir() else path.with_suffix(".parquet")
    frame = pd.read_parquet(path, columns=list(names)).rename(columns=names)
    for name in frame.columns:
        if name.endswith("_amount"):
            frame[name] = frame[name].astype(float)
        elif name.endswith("_date"):
            frame[name] = pd.to_datetime(frame[name])
        elif frame[name].dtype == "str" and not name.endswith("_id"):
            frame[name] = (
                frame[name].str.strip().str.replace(r"\s+", " ", regex=True)
            )
    return frame


def date_key(days: pd.Series) -> pd.Series:
    """Return days as whole numbers such as 20050531; -1 for none."""
    key = days.dt.year * 10000 + days.dt.month * 100 + days.dt.day
    return key.fillna(-1).astype("int32")


def make_dimensions(data: Path, seeds: Path) -> dict[str, pd.DataFrame]:
    """Return the dimensions by name."""
    countries = pd.read_csv(seeds / "countries.csv", keep_default_na=False)
    place = {
        "city": "city",
        "state": "state",
        "postalCode": "postal_code",
        "country": "country_name",
    }
    customers = read(
        data,
        "customers",
        {
            "customerNumber": "customer_id",
            "customerName": "customer_name",
            "salesRepEmployeeNumber": "sales_rep_employee_id",
            "creditLimit": "credit_limit_amount",
            **place,
        },
    ).merge(countries[["country_name", "region"]], how="left")
    offices = read(
        data,
        "offices",
        {"officeCode": "office_id", "territory": "region", **place},
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
    columns = list(place.values())
    locations = (
        pd.concat([customers[columns], offices[columns]])
        .drop_duplicates()
        .merge(countries, how="left", on="country_name")
    )
    return {
        "dim_customers": customers,
        "dim_offices": offices,
        "dim_employees": employees,
        "dim_products": products,
        "dim_locations": locations,
        "dim_order_statuses": pd.read_csv(seeds / "order_statuses.csv"),
    }


def make_dates(orders: pd.DataFrame, payments: pd.DataFrame) -> pd.DataFrame:
    """Return all days of the years in the data, and of one more."""
    days = pd.concat(
        [*(orders[name] for name in ORDER_DATES), payments["payment_date"]]
    )
    dates = pd.DataFrame(
        {
            "date_day": pd.date_range(
                f"{days.min().year}-01-01", f"{days.max().year + 1}-12-31"
            )
        }
    )
    day = dates["date_day"].dt
    return dates.assign(
        date_key=date_key(dates["date_day"]),
        year_number=day.year,
        quarter_number=day.quarter,
        month_number=day.month,
        month_name=day.month_name(),
        day_name=day.day_name(),
        is_weekend=day.day_of_week >= 5,
    )


def make_lines(
    data: Path, orders: pd.DataFrame, products: pd.DataFrame
) -> pd.DataFrame:
    """Return the order lines with the keys of their orders, and amounts."""
    lines = read(
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
    lines = lines.merge(
        products[["product_id", "unit_cost_amount", "msrp_amount"]],
        how="left",
        on="product_id",
    ).merge(orders.drop(columns=ORDER_DATES), how="left", on="order_id")
    counts = lines.pop("counts_as_net_sales")
    quantity = lines["quantity_ordered"]
    lines["ordered_amount"] = quantity * lines["unit_price_amount"]
    lines["net_sales_amount"] = lines["ordered_amount"].where(counts, 0)
    lines["cancelled_amount"] = lines["ordered_amount"].mask(counts, 0)
    lines["cost_amount"] = quantity * lines["unit_cost_amount"]
    lines["margin_amount"] = lines["ordered_amount"] - lines["cost_amount"]
    return lines


def make_orders(orders: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Return the orders with the sums of their lines, and how late they are."""
    sums = lines.groupby("order_id").agg(
        line_count=("order_line_number", "size"),
        quantity_ordered=("quantity_ordered", "sum"),
        ordered_amount=("ordered_amount", "sum"),
        net_sales_amount=("net_sales_amount", "sum"),
        cancelled_amount=("cancelled_amount", "sum"),
        cost_amount=("cost_amount", "sum"),
        margin_amount=("margin_amount", "sum"),
    )
    joined = orders.join(sums, on="order_id")
    joined[sums.columns] = joined[sums.columns].fillna(0)
    shipped, required = joined["shipped_date"], joined["required_date"]
    joined["days_to_ship"] = (shipped - joined["order_date"]).dt.days
    joined["is_late"] = shipped > required
    joined["is_past_due"] = (
        shipped.isna()
        & joined["counts_as_net_sales"]
        & (required < orders["order_date"].max())
    )
    return joined


def make_balances(
    orders: pd.DataFrame, payments: pd.DataFrame, customers: pd.DataFrame
) -> pd.DataFrame:
    """Return what each customer owes at the end of each month."""
    ordered = orders[["customer_id", "net_sales_amount"]].assign(
        month=orders["order_date"].dt.to_period("M")
    )
    paid = payments[["customer_id", "payment_amount"]].assign(
        month=payments["payment_date"].dt.to_period("M")
    )
    keys = ["customer_id", "month"]
    movements = pd.DataFrame(
        {
            "net_sales_amount": ordered.groupby(keys)["net_sales_amount"].sum(),
            "paid_amount": paid.groupby(keys)["payment_amount"].sum(),
        }
    )
    months = movements.index.get_level_values("month")
    every_month = pd.MultiIndex.from_product(
        [
            customers["customer_id"],
            pd.period_range(months.min(), months.max(), freq="M"),
        ],
        names=keys,
    )
    balances = movements.reindex(every_month).fillna(0)
    to_date = balances.groupby(level="customer_id").cumsum()
    balances["balance_amount"] = (
        to_date["net_sales_amount"] - to_date["paid_amount"]
    )
    balances = balances.reset_index()
    month_end = balances.pop("month").dt.to_timestamp(how="end")
    balances["month_end_date_key"] = date_key(month_end)
    limits = customers[["customer_id", "credit_limit_amount"]]
    balances = balances.merge(limits, how="left", on="customer_id")
    balances["is_over_credit_limit"] = (
        balances["balance_amount"] > balances["credit_limit_amount"]
    )
    return balances


def make_star(data: Path, seeds: Path) -> dict[str, pd.DataFrame]:
    """Return all tables by name."""
    star = make_dimensions(data, seeds)
    orders = read(
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
    for name in ORDER_DATES:
        orders[f"{name}_key"] = date_key(orders[name])
    statuses = star["dim_order_statuses"]
    orders = orders.merge(
        statuses[["order_status", "counts_as_net_sales"]],
        how="left",
        on="order_status",
    ).merge(
        star["dim_customers"][["customer_id", "sales_rep_employee_id"]],
        how="left",
        on="customer_id",
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
    )
    payments["payment_date_key"] = date_key(payments["payment_date"])
    lines = make_lines(data, orders, star["dim_products"])
    orders = make_orders(orders, lines)
    return star | {
        "dim_dates": make_dates(orders, payments),
        "fct_order_lines": lines,
        "fct_orders": orders,
        "fct_payments": payments,
        "fct_customer_balances_monthly": make_balances(
            orders, payments, star["dim_customers"]
        ),
    }


if __name__ == "__main__":
    source, to = map(Path, sys.argv[1:3])
    to.mkdir(parents=True)
    for table, rows in make_star(source, Path("seeds/reference")).items():
        rows.to_parquet(to / f"{table}.parquet", index=False)
