"""Where the raw data come from: files, or a live MySQL."""
