"""Run the warehouse: packages, checks around a build, what failed."""
