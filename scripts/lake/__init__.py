"""The lake: what is published, as Parquet for engines that read files."""
