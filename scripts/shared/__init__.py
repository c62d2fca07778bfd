"""Shared ground: every room may import it, and it imports no room."""
