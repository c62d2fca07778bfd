"""Check the style of what is written."""
