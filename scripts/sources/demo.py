"""Run a private MariaDB server that holds the seeds, to build from it.

Prints what to paste in another terminal, and stays until Ctrl-C; then nothing
of the server is left. Its passwords are new each time.
"""

import argparse
import shlex
import signal
from contextlib import suppress

from scripts.shared.errors import UserError
from scripts.shared.mysql import SETUP
from scripts.shared.signals import end_on_signals

TEXT = """\
MariaDB {version} listens at {host}:{port}. In another terminal:

{exports}

make build DBT_TARGET=mysql   # the warehouse from this server
make reverse-etl              # what the CRM's table would get

To look into it, and to change it as its owner:

MYSQL_PWD="$DBT_ENV_SECRET_CLASSICMODELS_MYSQL_PASSWORD" \\
    mariadb --no-defaults -h {host} -P {port} -u reader classicmodels
mariadb --no-defaults --socket={socket} classicmodels

Ctrl-C ends it and removes its data.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument(
        "--copies",
        type=int,
        default=1,
        metavar="N",
        help="copies of each order: 1001 make 3 million order lines",
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the server until it is told to end."""
    try:
        from scripts.sources.server import private_server
    except ModuleNotFoundError:
        raise UserError(f"PyMySQL is not installed: {SETUP}") from None
    end_on_signals()
    with private_server(copies=arguments.copies) as server:
        with server.root() as connection:
            # MariaDB 10 says that, so that old clients take it for MySQL 5.5.
            version = connection.get_server_info().removeprefix("5.5.5-")
        exports = "\n".join(
            f"export {name}={shlex.quote(value)}"
            for name, value in server.settings.items()
        )
        print(
            TEXT.format(
                version=version.split("-")[0],
                host=server.host,
                port=server.port,
                socket=server.socket,
                exports=exports,
            ),
            flush=True,
        )
        with suppress(KeyboardInterrupt):
            signal.pause()
    return 0
