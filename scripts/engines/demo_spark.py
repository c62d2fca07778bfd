"""Run a private Spark cluster, to build on it: a master and two workers.

Prints what to paste in another terminal, and stays until Ctrl-C; then nothing
of the cluster, nor of what was built on it, is left.
"""

import argparse
import shlex
import signal
from contextlib import suppress

from scripts.engines.spark import private_cluster
from scripts.shared.signals import end_on_signals

TEXT = """\
A master, two workers and a Thrift server are running. In another terminal:

{exports}

.venv-spark/bin/dbt build --target spark
.venv-spark/bin/dbt show --target spark --inline \\
    "select * from {{{{ ref('rpt_country_sales') }}}}"

Ctrl-C ends it and removes its data.
"""


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def main(_: argparse.Namespace) -> int:
    """Run the cluster until it is told to end."""
    end_on_signals()
    with private_cluster() as (settings, _workers):
        exports = "\n".join(
            f"export {name}={shlex.quote(value)}"
            for name, value in settings.items()
        )
        print(TEXT.format(exports=exports), flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()
    return 0
