"""The room of other engines: PostgreSQL and Apache Spark."""
