"""make demo-mysql: a server to try, of which nothing is left."""

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pymysql
import pytest

from conftest import ROOT, SCRIPTS, clean_environment, run

COMMAND = [*map(str, SCRIPTS), "demo-mysql"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path, as a socket needs it."""
    with TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_demo_serves_what_it_prints_and_ends_without_a_trace(how, folder):
    process = subprocess.Popen(
        COMMAND,
        cwd=ROOT,
        env=clean_environment(TMPDIR=str(folder), PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        text=True,
    )
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            break
    settings = dict(re.findall(r"export (\S+)=(\S+)", said))
    url = urlsplit(settings["CLASSICMODELS_MYSQL"])
    with pymysql.connect(
        host=url.hostname,
        port=url.port,
        user=url.username,
        password=settings["DBT_ENV_SECRET_CLASSICMODELS_MYSQL_PASSWORD"],
        database=url.path[1:],
    ) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "select sum(quantityOrdered * priceEach) from orderdetails"
        )
        assert str(cursor.fetchone()[0]) == "9604190.61"
    process.send_signal(how)
    assert process.wait() == 0
    assert list(folder.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((url.hostname, url.port))


def test_missing_mariadb_is_one_line(tmp_path):
    done = run(*COMMAND, PATH=str(tmp_path), TMPDIR=str(tmp_path))
    assert done.returncode == 1
    assert re.fullmatch(
        r"demo-mysql: .*apt-get install mariadb-server\n", done.stdout
    )
    assert list(tmp_path.iterdir()) == []
