"""dbt-duckdb's plugin: opens the database, and lands what the source has.

profiles.yml names it. Without it, dbt answers with a traceback where the
database does not open, and knows no source but the seeds.
"""

from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.environments import Environment
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.duckdb.utils import TargetConfig
from dbt_common.exceptions import DbtRuntimeError

from scripts.run import preflight
from scripts.shared.errors import UserError
from scripts.shared.warehouse import database_error


class Plugin(BasePlugin):
    """Tries what dbt is about to do, and does what SQL cannot."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Open the database and close it again.

        Raises:
            DbtRuntimeError: that cannot be done.
        """
        path = Path(self.creds.path)
        try:
            preflight.check_settings()
            if self.creds.path != ":memory:":
                preflight.check_place(path)
            Environment.initialize_db(self.creds).close()
        except duckdb.Error as error:
            message = str(database_error(path, error))
            raise DbtRuntimeError(message) from None
        except UserError as error:
            raise DbtRuntimeError(str(error)) from None

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Keep dbt's connection for the landing."""
        self.connection = conn

    def store(self, target_config: TargetConfig) -> None:
        """Land the tables of the source; the macro land_source calls it.

        Raises:
            DbtRuntimeError: the source is not as it should be.
        """
        # Most runs land nothing: they need not load it.
        from scripts.sources.landing import land

        path = Path(self.creds.path).resolve()
        origin = target_config.config["origin"]
        try:
            land(origin, self.connection.cursor(), path.parent)
        except duckdb.Error as error:
            message = str(database_error(path, error))
            raise DbtRuntimeError(message) from None
        except UserError as error:
            raise DbtRuntimeError(str(error)) from None
