"""Where the data come from: files, or a MySQL or MariaDB server."""
