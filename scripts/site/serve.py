"""Show the site at a port of this machine, until Ctrl-C.

Only programs on this machine reach it. Pages that open from disk need no
server; this is for those who like an address better.
"""

import argparse
import functools
import http.server
import sys
from pathlib import Path
from typing import Any

from scripts.shared.errors import UserError
from scripts.shared.paths import shown, target_path
from scripts.shared.signals import end_on_signals

HOST = "127.0.0.1"
PORT = 8080
TRIED = 100


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files as they are now, and does not log every request."""

    def end_headers(self) -> None:
        """Forbid the browser to keep pages: a new build has new ones."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


class Server(http.server.ThreadingHTTPServer):
    """A server that bears readers who go away."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report errors, but not those of a connection that was closed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def open_server(folder: Path, port: int) -> Server:
    """Return a server at the port, or at the next one that is free.

    Raises:
        UserError: no port from there on is free.
    """
    handler = functools.partial(Handler, directory=str(folder))
    for candidate in range(port, min(port + TRIED, 65536)):
        try:
            return Server((HOST, candidate), handler)
        except OSError as error:
            reason = error.strerror
    raise UserError(
        f"no free port from {port} on ({reason}): name another with --port"
    )


def port_number(text: str) -> int:
    """Return a port that the command line names."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port: 0 to 65535")
    return int(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--port",
        type=port_number,
        default=PORT,
        metavar="N",
        help="the port to try first; 0: any (default: %(default)s)",
    )
    parser.add_argument(
        "--target-path",
        default="target",
        metavar="FOLDER",
        help="dbt's target folder, with the site in it (default: target)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Serve the site until SIGINT or SIGTERM."""
    site = target_path(arguments.target_path) / "site"
    if not (site / "index.html").is_file():
        raise UserError(
            f"{shown(site / 'index.html')} is missing: run make site"
        )
    with open_server(site, arguments.port) as server:
        end_on_signals()
        try:
            print(
                f"site: http://{HOST}:{server.server_port}/ until Ctrl-C",
                flush=True,
            )
            server.serve_forever()
        except KeyboardInterrupt:
            print("\nsite: stopped")
    return 0
