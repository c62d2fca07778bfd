"""dbt-duckdb's plugin that says in one line why the database does not open.

profiles.yml names it. Without it, dbt answers with a traceback.
"""

from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.environments import Environment
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError

from scripts.run import preflight
from scripts.shared.errors import UserError
from scripts.shared.warehouse import database_error


class Plugin(BasePlugin):
    """Tries what dbt is about to do."""

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
