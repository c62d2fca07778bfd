"""A private Apache Spark: a Thrift server, alone or on a cluster of its own."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from scripts.shared.errors import UserError
from scripts.shared.ports import free_port

HOST = "127.0.0.1"
THRIFT = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"
DEPLOY = "org.apache.spark.deploy"
# Of each program, and of an executor.
MEMORY = "1g"
START_SECONDS = 120


def spark_home() -> Path:
    """Return the folder of Spark, which is in the package pyspark.

    Raises:
        UserError: that, or Java, is not installed.
    """
    found = importlib.util.find_spec("pyspark")
    if not (found and found.origin):
        raise UserError("pyspark is not installed: run make setup-spark")
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise UserError(
            "no java on this machine: apt-get install default-jre-headless"
        )
    return Path(found.origin).parent


@contextmanager
def running(
    folder: Path, name: str, port: int, *command: str
) -> Iterator[subprocess.Popen]:
    """Run one of Spark's programs until the end.

    Args:
        folder: where it works.
        name: of its log.
        port: at which it listens once it has started.
        command: a script in Spark's bin, and its arguments.

    Raises:
        UserError: it does not start.
    """
    home, (script, *arguments) = spark_home(), command
    # A session of its own: a Ctrl-C is for this program, which ends it, and
    # with it the executors that it has started.
    with (folder / name).open("w") as log:
        process = subprocess.Popen(
            [home / "bin" / script, *arguments],
            cwd=folder,
            env=os.environ
            | {
                "SPARK_HOME": str(home),
                "SPARK_LOCAL_IP": HOST,
                "SPARK_LOCAL_DIRS": str(folder),
                "SPARK_DAEMON_MEMORY": MEMORY,
                "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",
            },
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        await_start(folder / name, port, process)
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen) -> None:
    """End a program, and what it has started, at once."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def await_start(log: Path, port: int, process: subprocess.Popen) -> None:
    """Wait until a program listens."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((HOST, port)).close()
            return
        except ConnectionRefusedError:
            if process.poll() is None and time.monotonic() < until:
                time.sleep(0.1)
                continue
        lines = log.read_text(errors="replace").splitlines()
        errors = [x for x in lines if "Exception" in x or "rror:" in x]
        said = [*errors, *lines[-1:], "it says nothing"][0].strip()
        raise UserError(f"Spark does not start: {log.name}: {said}")


@contextmanager
def private_server(master: str = "local[2]") -> Iterator[dict[str, str]]:
    """Run a Thrift server; give the variables that lead dbt to it.

    Its warehouse and its metastore end with it.

    Args:
        master: of Spark, which does the work.

    Raises:
        UserError: Spark is not installed, or does not start.
    """
    with tempfile.TemporaryDirectory(
        prefix="classicmodels-spark-", ignore_cleanup_errors=True
    ) as name:
        port = free_port(HOST)
        settings = {
            "spark.driver.host": HOST,
            "spark.driver.bindAddress": HOST,
            "spark.driver.memory": MEMORY,
            "spark.executor.memory": MEMORY,
            "spark.hadoop.hive.server2.thrift.bind.host": HOST,
            "spark.hadoop.hive.server2.thrift.port": str(port),
            # What the trial needs, not a cluster.
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.session.timeZone": "UTC",
            "spark.ui.enabled": "false",
            "spark.log.level": "WARN",
        }
        given = [x for k, v in settings.items() for x in ("--conf", f"{k}={v}")]
        command = ("--class", THRIFT, "--master", master, *given)
        with running(
            Path(name),
            "thrift.log",
            port,
            *("spark-submit", *command, "spark-internal"),
        ):
            yield {
                "CLASSICMODELS_SPARK": HOST,
                "CLASSICMODELS_SPARK_PORT": str(port),
            }


@contextmanager
def private_cluster(
    workers: int = 2,
) -> Iterator[tuple[dict[str, str], list[subprocess.Popen]]]:
    """Run a standalone master, workers of one core, and a Thrift server.

    Gives what `private_server` does, and the workers.
    """
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(
                    prefix="classicmodels-spark-", ignore_cleanup_errors=True
                )
            )
        )
        port = free_port(HOST)
        address = f"spark://{HOST}:{port}"
        place = ("--host", HOST, "--webui-port", "0")
        stack.enter_context(
            running(
                folder,
                "master.log",
                port,
                *("spark-class", f"{DEPLOY}.master.Master", *place),
                *("--port", str(port)),
            )
        )
        processes = []
        for number in range(workers):
            port = free_port(HOST)
            processes.append(
                stack.enter_context(
                    running(
                        folder,
                        f"worker-{number}.log",
                        port,
                        *("spark-class", f"{DEPLOY}.worker.Worker", *place),
                        *("--port", str(port), "--cores", "1"),
                        *("--memory", MEMORY, "--work-dir", str(folder)),
                        address,
                    )
                )
            )
        settings = stack.enter_context(private_server(address))
        yield settings, processes


def execute(settings: Mapping[str, str], sql: str) -> list[tuple]:
    """Run a statement on a server; return its rows.

    Args:
        settings: as `private_server` gives them.
        sql: the statement.

    Raises:
        UserError: Spark refuses it.
    """
    from pyhive import exc, hive

    address = (
        settings["CLASSICMODELS_SPARK"],
        int(settings["CLASSICMODELS_SPARK_PORT"]),
    )
    with closing(hive.connect(*address)) as connection:
        cursor = connection.cursor()
        try:
            cursor.execute(sql)
        except exc.OperationalError as error:
            said = error.args[0].status.errorMessage.splitlines()[0]
            raise UserError(f"Spark: {said}") from None
        return cursor.fetchall() if cursor.description else []
