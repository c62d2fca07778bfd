"""Prove the tests: break the data and the SQL, and see them notice."""
