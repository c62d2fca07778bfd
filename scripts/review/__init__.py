"""Review a change: what it does to the data."""
