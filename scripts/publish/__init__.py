"""Give readers a whole, tested version of the warehouse, or none."""
