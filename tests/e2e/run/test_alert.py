"""What a chat is told about a run, and that the webhook stays a secret."""

import json
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest

from conftest import ROOT, SCRIPTS, Project, clean_environment, run

ALERT = (*SCRIPTS, "alert")
SECRET = "xoxSecretToken0123456789"
PATH = f"/services/T00000/B00000/{SECRET}"


@pytest.fixture(autouse=True)
def no_webhook(monkeypatch: pytest.MonkeyPatch):
    """A webhook of whoever runs the tests is not to be used."""
    monkeypatch.delenv("ALERT_WEBHOOK", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")


def metadata(minute: int) -> dict[str, Any]:
    """What dbt writes on top of an artifact, with our commit in it."""
    return {
        "generated_at": f"2026-11-21T03:{minute}:23.164053Z",
        "env": {"COMMIT": "abc1234"},
        "project_name": "classicmodels",
    }


def node(name: str, path: str, description: str = "", **more: Any) -> dict:
    return {
        "name": name,
        "original_file_path": path,
        "description": description,
        "config": {"enabled": True},
        **more,
    }


def limits(warn: int, error: int) -> dict[str, Any]:
    return {
        "warn_after": {"count": warn, "period": "hour"},
        "error_after": {"count": error, "period": "day"},
        "filter": None,
    }


MANIFEST = {
    "metadata": metadata(20),
    "nodes": {
        "model.classicmodels.dim_products": node(
            "dim_products", "models/dim_products.sql", "One row per product."
        ),
        "model.classicmodels.in_passing": node(
            "in_passing",
            "models/in_passing.sql",
            config={"enabled": True, "materialized": "ephemeral"},
        ),
        "test.classicmodels.unique_orders.f6a5": node(
            "unique_orders", "models/orders.yml"
        ),
        "test.classicmodels.assert_paid": node(
            "assert_paid",
            "tests/singular/assert_paid.sql",
            "Paid & owed <add up>. The second sentence is not told.",
        ),
    },
    "unit_tests": {
        "unit_test.classicmodels.orders.late": node("late", "models/orders.yml")
    },
    "sources": {
        f"source.classicmodels.shop.{name}": node(
            name,
            "models/shop.yml",
            source_name="shop",
            freshness=limits(12, 30) if name != "offices" else None,
        )
        for name in ("orders", "payments", "products", "gone", "offices")
    },
}


def result(
    unique_id: str,
    status: str,
    message: str | None = None,
    failures: int | None = None,
) -> dict[str, Any]:
    return {
        "unique_id": unique_id,
        "status": status,
        "message": message,
        "failures": failures,
    }


GOOD = [
    result("operation.classicmodels.on-run-end-0", "success", "OK"),
    result("model.classicmodels.dim_products", "success", "OK"),
    result("test.classicmodels.assert_paid", "pass", None, 0),
]
BAD = [
    result(
        "model.classicmodels.dim_products",
        "error",
        "Runtime Error in model dim_products (models/dim_products.sql)\n"
        '  Binder Error: Referenced column "nope" not found\n\n  LINE 1: x',
    ),
    result(
        "test.classicmodels.unique_orders.f6a5",
        "fail",
        "Got 2 results, configured to fail if != 0",
        2,
    ),
    result(
        "unit_test.classicmodels.orders.late",
        "fail",
        "\n\n\x1b[32mactual\x1b[0m differs from \x1b[31mexpected\x1b[0m:\n\n@@",
        1,
    ),
    result(
        "test.classicmodels.assert_paid",
        "warn",
        "Got 1 result, configured to warn if != 0",
        1,
    ),
    result("model.classicmodels.not_in_manifest", "skipped"),
    result("model.classicmodels.nor_this", "skipped"),
]


def checked(name: str, status: str, seconds: float) -> dict[str, Any]:
    return {
        "unique_id": f"source.classicmodels.shop.{name}",
        "status": status,
        "max_loaded_at_time_ago_in_s": seconds,
        "criteria": limits(12, 30),
    }


FRESHNESS = [
    checked("orders", "pass", 3_600.5),
    checked("payments", "warn", 169_200.9),
    checked("products", "error", 34_560_014.8),
]


def write(target: Path, name: str, content: Any) -> None:
    (target / f"{name}.json").write_text(json.dumps(content))


@pytest.fixture
def artifacts(tmp_path: Path) -> Callable[..., Path]:
    """Writes what a run of dbt leaves; returns the folder."""

    def make(
        results: list[dict],
        freshness: list[dict] | None = None,
        target: str | None = "dev",
        which: str = "build",
    ) -> Path:
        write(tmp_path, "manifest", MANIFEST)
        write(
            tmp_path,
            "run_results",
            {
                "metadata": metadata(40),
                "results": results,
                "args": {"which": which, "target": target},
            },
        )
        if freshness is not None:
            write(
                tmp_path,
                "sources",
                {"metadata": metadata(30), "results": freshness},
            )
        return tmp_path

    return make


def no_database(target: Path) -> dict[str, str]:
    """Lead the command away from the database of who runs the tests."""
    return {"CLASSICMODELS_DB": str(target / "classicmodels.duckdb")}


def alert(
    target: Path, *options: str, webhook: str | None = None
) -> tuple[int, str]:
    """Run the command; return its exit code and all that it printed."""
    variables = no_database(target)
    if webhook is not None:
        variables["ALERT_WEBHOOK"] = webhook
    done = run(*ALERT, "--target-path", target, *options, **variables)
    assert SECRET not in done.stdout
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


def text(target: Path, **variables: str) -> str:
    """Return the text that would be sent."""
    code, printed = alert(target, "--dry-run", **variables)
    assert code == 0
    message = json.loads(printed)
    assert list(message) == ["text"]
    return message["text"]


class Chat:
    """A web server whose answers a test chooses; it counts what comes in."""

    def __init__(self) -> None:
        self.behave: Callable[[BaseHTTPRequestHandler, int], None] = answer
        self.messages: list[dict[str, str]] = []
        self.times: list[float] = []
        self.over = threading.Event()
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                chat.messages.append(json.loads(self.rfile.read(length)))
                chat.times.append(time.monotonic())
                chat.behave(self, len(chat.messages))

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        threading.Thread(
            target=self.server.serve_forever, args=(0.01,), daemon=True
        ).start()
        self.webhook = f"http://127.0.0.1:{self.server.server_port}{PATH}"

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def open_chat() -> Iterator[Callable[[], Chat]]:
    chats = []

    def start() -> Chat:
        chats.append(Chat())
        return chats[-1]

    yield start
    for chat in chats:
        chat.close()


@pytest.fixture
def chat(open_chat: Callable[[], Chat]) -> Chat:
    return open_chat()


def answer(
    handler: BaseHTTPRequestHandler,
    count: int,
    *statuses: int,
    **headers: str,
) -> None:
    """Answer with each status in turn, then with 200; echo the secret."""
    status = statuses[count - 1] if count <= len(statuses) else 200
    handler.send_response(status, f"see {PATH}")
    if status != 200:
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(PATH.encode())


def test_what_is_told(artifacts: Callable[..., Path]):
    assert text(artifacts(BAD + GOOD[:1], FRESHNESS)).splitlines() == [
        "classicmodels: build failed: 1 error, 2 failed tests, 1 warning,"
        " 2 stale sources, 1 unchecked source, 2 skipped"
        " (target dev, commit abc1234)",
        "error: dim_products (models/dim_products.sql): Binder Error:"
        ' Referenced column "nope" not found',
        "failed test: unique_orders (models/orders.yml), 2 failing rows",
        "failed test: late (models/orders.yml): actual differs from expected",
        "warning: assert_paid (tests/singular/assert_paid.sql),"
        " 1 failing row: Paid &amp; owed &lt;add up&gt;.",
        "stale source: shop.payments (models/shop.yml): 47 hours old,"
        " warn after 12 hours",
        "stale source: shop.products (models/shop.yml): 400 days old,"
        " error after 30 days",
        "unchecked source: shop.gone (models/shop.yml):"
        " its check failed or was left out",
        "dbt ended 2026-11-21 03:40 UTC."
        " The sources' freshness was checked 2026-11-21 03:30 UTC.",
    ]


def test_a_warning_and_an_old_source_do_not_fail_a_run(
    artifacts: Callable[..., Path],
):
    broken = {
        "unique_id": "source.classicmodels.shop.gone",
        "status": "runtime error",
        "error": "Catalog Error: no table",
    }
    target = artifacts([*GOOD, BAD[3]], [*FRESHNESS, broken], target=None)
    lines = text(target).splitlines()
    assert lines[0] == (
        "classicmodels: build passed: 3 nodes, 1 warning,"
        " 2 stale sources, 1 unchecked source (commit abc1234)"
    )
    assert lines[-2] == (
        "unchecked source: shop.gone (models/shop.yml): Catalog Error: no table"
    )


def test_every_status_counts(artifacts: Callable[..., Path]):
    statuses = ("partial success", "never heard of", "no-op", "skipped")
    odd = [result(f"model.classicmodels.{one}", one) for one in statuses]
    told = text(artifacts([*GOOD, *odd]))
    assert "build failed: 2 errors, 1 skipped (target dev" in told
    assert "error: never heard of: no message" in told
    # A run that was stopped has nothing but skipped nodes to tell it.
    assert "build failed: 1 skipped (" in text(artifacts([*GOOD, odd[-1]]))


def test_a_failed_hook_is_told_and_no_hook_is_counted(
    artifacts: Callable[..., Path],
):
    hooks = [
        result("operation.classicmodels.hook-0", "error", "IO Error: no room"),
        result("operation.classicmodels.hook-1", "skipped"),
    ]
    lines = text(artifacts(GOOD + hooks)).splitlines()
    assert lines[0].startswith("classicmodels: build failed: 1 error (target")
    assert lines[1] == "error: hook-0: IO Error: no room"
    assert "build passed: 2 nodes" in text(artifacts(GOOD + hooks[1:]))


@pytest.mark.parametrize(
    "lost", [("run_results",), ("run_results", "manifest")]
)
def test_a_build_that_ran_no_node_failed(
    artifacts: Callable[..., Path], chat: Chat, lost: tuple[str, ...]
):
    target = artifacts(GOOD, FRESHNESS)
    for name in lost:
        (target / f"{name}.json").unlink()
    code, printed = alert(target, webhook=chat.webhook)
    assert code == 0
    assert printed.endswith("alert: sent\n")
    assert chat.messages[0]["text"].splitlines()[0] == (
        f"classicmodels: build failed: {target}/run_results.json is missing:"
        " the last build did not get as far as running a node; what it printed"
        " tells why"
    )


def test_a_database_that_cannot_be_read_is_no_good_news(
    artifacts: Callable[..., Path], chat: Chat
):
    target = artifacts(GOOD)
    (target / "classicmodels.duckdb").write_bytes(bytes(9_999))
    code, _ = alert(target, webhook=chat.webhook)
    assert code == 0
    first, second, _ = chat.messages[0]["text"].splitlines()
    assert first.startswith("classicmodels: build failed: 1 error (target")
    assert re.match(r"error: .*classicmodels\.duckdb: damaged: ", second)

    # As make build leaves it that found the damage.
    (target / "run_results.json").unlink()
    alert(target, webhook=chat.webhook)
    first = chat.messages[1]["text"].splitlines()[0]
    assert re.match(
        r"classicmodels: build failed: .*classicmodels\.duckdb: damaged: ",
        first,
    )


def test_of_a_build_under_way_nothing_is_told(
    artifacts: Callable[..., Path], chat: Chat
):
    target = artifacts(GOOD)
    (target / "run_results.json").unlink()
    with duckdb.connect(str(target / "classicmodels.duckdb")):
        code, said = alert(target, webhook=chat.webhook)
    assert code == 1
    assert "in use by " in said
    assert chat.messages == []


def test_a_command_that_builds_nothing_is_no_good_news(
    artifacts: Callable[..., Path], chat: Chat
):
    target = artifacts(GOOD, which="compile")
    code, _ = alert(target, webhook=chat.webhook)
    assert code == 0
    assert chat.messages[0]["text"].splitlines()[0] == (
        "classicmodels: the last dbt command, compile, built and tested"
        " nothing, and wrote over what was known"
    )
    assert "compile failed: 1 error" in text(
        artifacts(BAD[:1], which="compile")
    )


def test_long_news_are_cut(artifacts: Callable[..., Path]):
    many = [
        result(f"model.classicmodels.{kind}_{count}", kind, "&" * 20_000, 1)
        for kind in ("error", "fail", "warn")
        for count in range(15)
    ]
    lines = text(artifacts(many)).splitlines()
    assert len(lines) == 1 + 3 * 11 + 1
    assert lines[11] == "and 5 more errors"
    assert lines[22] == "and 5 more failed tests"
    assert lines[33] == "and 5 more warnings"
    assert lines[1].startswith("error: error_0: &amp;&amp;")
    assert lines[1].endswith("&amp;...")
    assert 290 < len(lines[1]) <= 300


def test_no_value_from_the_data_is_told(artifacts: Callable[..., Path]):
    errors = [
        "Conversion Error: Could not convert string 'Jean K'ing' to INT32",
        'Constraint Error: Duplicate key "name: King" violates it',
        "Conversion Error: CSV Error on Line: 3\n  Original Line: 103,King",
        "Invalid Input Error: cannot read 'King",
    ]
    header = "Runtime Error in model a (models/a.sql)\n  "
    told = text(
        artifacts(
            [
                result(f"model.classicmodels.a{number}", "error", header + one)
                for number, one in enumerate(errors)
            ]
        )
    )
    assert "King" not in told and "K'ing" not in told
    assert "Conversion Error: Could not convert string '...' to INT32" in told
    assert "Duplicate key '...' violates it" in told


def test_a_secret_in_the_artifacts_is_masked(artifacts: Callable[..., Path]):
    webhook = f"https://chat.example{PATH}"
    message = "x" * 270
    errors = [f"no {webhook}.", f"token\x1b[1m {SECRET}\x07", message + webhook]
    target = artifacts(
        [
            result(f"model.classicmodels.a{number}", "error", error)
            for number, error in enumerate(errors)
        ]
    )
    told = text(target, webhook=webhook).splitlines()
    assert told[1] == "error: a0: no ****."
    assert told[2] == "error: a1: token **** "
    # Cut first, half of the secret would stay.
    assert "https" not in told[3]


def test_without_a_webhook_it_only_prints(artifacts: Callable[..., Path]):
    target = artifacts(BAD)
    command = [*ALERT, "--target-path", target]
    for variables in ({}, {"ALERT_WEBHOOK": ""}):
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=clean_environment(**no_database(target), **variables),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0
        assert done.stdout.startswith("classicmodels: build failed: 1 error")
        # Nothing is escaped where no chat reads it.
        assert "Paid & owed <add up>." in done.stdout
        assert "freshness was not checked." in done.stdout
        assert done.stderr == (
            "alert: ALERT_WEBHOOK is not set: nothing was sent\n"
        )


@pytest.mark.parametrize(
    ("webhook", "message"),
    [
        ("  ", "is no URL"),
        (f"chat.example{PATH}", "is no URL"),
        (f"https://chat.example:99999{PATH}", "is no URL"),
        (f"https://chat.example{PATH}\n", "is no URL"),
        (f"file://chat.example{PATH}", "is no URL"),
        (f"http://chat.example{PATH}", "set it to an https:// address"),
        (f"http://localhost@chat.example{PATH}", "set it to an https"),
    ],
)
def test_a_wrong_address_is_one_line_without_it(
    artifacts: Callable[..., Path], webhook: str, message: str
):
    code, printed = alert(artifacts(GOOD), webhook=webhook)
    assert code == 1
    said = [line for line in printed.splitlines() if line.startswith("alert:")]
    assert len(said) == 1
    assert printed.endswith(f"{said[0]}\n")
    assert re.search(message, said[0])
    assert "chat.example" not in printed


def test_news_are_posted(artifacts: Callable[..., Path], chat: Chat):
    target = artifacts(BAD, FRESHNESS)
    told = text(target, webhook=chat.webhook)
    assert chat.messages == []
    code, printed = alert(target, webhook=chat.webhook)
    assert code == 0
    assert printed.endswith("alert: sent\n")
    assert chat.messages == [{"text": told}]


def test_no_news_are_posted_only_when_asked_for(
    artifacts: Callable[..., Path], chat: Chat
):
    target = artifacts(GOOD, FRESHNESS[:1])
    manifest = MANIFEST | {"sources": {}}
    write(target, "manifest", manifest)
    code, printed = alert(target, webhook=chat.webhook)
    assert (code, chat.messages) == (0, [])
    assert printed.endswith("alert: nothing to tell: nothing was sent\n")
    code, printed = alert(target, "--always", webhook=chat.webhook)
    assert code == 0
    assert len(chat.messages) == 1
    assert chat.messages[0]["text"].startswith(
        "classicmodels: build passed: 2 nodes, no warning (target dev"
    )


def test_the_real_artifacts(warehouse: Project):
    code, printed = alert(warehouse.target)
    assert code == 0
    # Be it that dbt docs or an analysis wrote over the results of the build.
    assert re.match(
        r"classicmodels: build passed: \d+ nodes, no warning", printed
    )


@pytest.mark.parametrize(
    ("statuses", "headers", "options", "requests"),
    [
        ((429, 500), {}, (), 3),
        ((429,), {"Retry_After": "1"}, (), 2),
        # It does not wait for an hour.
        ((429,), {"Retry_After": "3600"}, ("--deadline", "2"), 2),
    ],
)
def test_it_tries_again(
    artifacts: Callable[..., Path],
    chat: Chat,
    statuses: tuple[int, ...],
    headers: dict[str, str],
    options: tuple[str, ...],
    requests: int,
):
    chat.behave = lambda handler, count: answer(
        handler, count, *statuses, **headers
    )
    code, printed = alert(artifacts(BAD), *options, webhook=chat.webhook)
    assert (code, len(chat.messages)) == (0, requests)
    assert printed.endswith("alert: sent\n")
    assert 0.9 < chat.times[-1] - chat.times[0] < 5


def slow(handler: BaseHTTPRequestHandler, count: int, chat: Chat) -> None:
    """Answer too late at first."""
    chat.over.wait(0 if count > 1 else 1)
    answer(handler, count)


def test_it_tries_again_after_a_late_answer(
    artifacts: Callable[..., Path], chat: Chat
):
    chat.behave = partial(slow, chat=chat)
    code, _ = alert(artifacts(BAD), "--timeout", "0.4", webhook=chat.webhook)
    assert (code, len(chat.messages)) == (0, 2)


def hang_up(handler: BaseHTTPRequestHandler, count: int, chat: Chat) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def always(
    handler: BaseHTTPRequestHandler, count: int, chat: Chat, status: int
) -> None:
    answer(handler, 1, status)


@pytest.mark.parametrize(
    ("behave", "reason", "requests"),
    [
        (partial(always, status=500), "HTTP status 500", 2),
        (partial(always, status=404), "HTTP status 404", 1),
        (hang_up, "connection closed without an answer", 2),
    ],
)
def test_what_is_not_delivered_is_one_line(
    artifacts: Callable[..., Path],
    chat: Chat,
    behave: Callable[..., None],
    reason: str,
    requests: int,
):
    chat.behave = partial(behave, chat=chat)
    options = ("--timeout", "0.4", "--retries", "1")
    code, printed = alert(artifacts(BAD), *options, webhook=chat.webhook)
    assert (code, len(chat.messages)) == (1, requests)
    assert printed.count("alert:") == 1
    assert printed.endswith(f"\nalert: not sent: {reason}\n")


def drip(handler: BaseHTTPRequestHandler, count: int, chat: Chat) -> None:
    """Send a header without an end, so that no single wait is long."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Path: ")
    while not chat.over.wait(0.05):
        handler.wfile.write(b"a")


def test_the_deadline_holds(artifacts: Callable[..., Path], chat: Chat):
    chat.behave = partial(drip, chat=chat)
    options = ("--timeout", "0.4", "--deadline", "1")
    begun = time.monotonic()
    code, printed = alert(artifacts(BAD), *options, webhook=chat.webhook)
    assert time.monotonic() - begun < 8
    assert (code, len(chat.messages)) == (1, 1)
    assert printed.endswith("\nalert: not sent: no success in 1 s\n")


def test_nobody_listens(artifacts: Callable[..., Path], chat: Chat):
    chat.close()
    code, printed = alert(
        artifacts(BAD), "--retries", "1", webhook=chat.webhook
    )
    assert code == 1
    assert printed.endswith(
        "\nalert: not sent: connection refused or host unreachable\n"
    )


def test_a_connection_that_nobody_answers(artifacts: Callable[..., Path]):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        options = ("--timeout", "0.3", "--retries", "1")
        code, printed = alert(
            artifacts(BAD), *options, webhook=f"http://localhost:{port}{PATH}"
        )
    assert code == 1
    assert printed.endswith("\nalert: not sent: no answer in time\n")


def test_https_is_not_traded_for_http(
    artifacts: Callable[..., Path], chat: Chat
):
    webhook = chat.webhook.replace("http:", "https:")
    code, printed = alert(artifacts(BAD), "--retries", "1", webhook=webhook)
    assert (code, chat.messages) == (1, [])
    assert printed.endswith("\nalert: not sent: no secure connection (TLS)\n")


def test_a_redirect_is_not_followed(
    artifacts: Callable[..., Path], open_chat: Callable[[], Chat]
):
    first, other = open_chat(), open_chat()
    first.behave = lambda handler, count: answer(
        handler, count, 307, Location=other.webhook
    )
    code, printed = alert(artifacts(BAD), webhook=first.webhook)
    assert (code, len(first.messages), other.messages) == (1, 1, [])
    assert printed.endswith("redirected elsewhere (HTTP status 307)\n")


def test_a_proxy_does_not_see_what_stays_here(
    artifacts: Callable[..., Path],
    open_chat: Callable[[], Chat],
    monkeypatch: pytest.MonkeyPatch,
):
    chat, proxy = open_chat(), open_chat()
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", proxy.webhook)
    monkeypatch.setenv("http_proxy", proxy.webhook)
    code, _ = alert(artifacts(BAD), webhook=chat.webhook)
    assert (code, len(chat.messages), proxy.messages) == (0, 1, [])


def test_interrupted(artifacts: Callable[..., Path], chat: Chat):
    chat.behave = lambda handler, count: chat.over.wait(60)
    # Where the tests run in the background, children ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    target = artifacts(BAD)
    with subprocess.Popen(
        [*ALERT, "--target-path", target],
        cwd=ROOT,
        env=clean_environment(
            **no_database(target), ALERT_WEBHOOK=chat.webhook
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        while not chat.messages and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=10)
    assert process.returncode == 1
    assert printed.endswith("\nalert: interrupted\n")
    assert SECRET not in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest", ""),
        ("manifest", "[]"),
        ("run_results", '{"results": [{}]}'),
        ("run_results", None),
        ("sources", '{"results": "x"}'),
    ],
)
def test_damaged_artifacts_are_one_clear_line(
    artifacts: Callable[..., Path], name: str, content: str | None
):
    target = artifacts(BAD, FRESHNESS)
    path = target / f"{name}.json"
    path.unlink()
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    code, printed = alert(target)
    assert code == 1
    assert re.fullmatch(rf"alert: .*{name}\.json.*\n", printed)


def test_a_missing_manifest_is_one_clear_line(artifacts: Callable[..., Path]):
    target = artifacts(BAD)
    (target / "manifest.json").unlink()
    code, printed = alert(target)
    assert code == 1
    assert re.fullmatch(
        r"alert: .*manifest\.json is missing: run make build\n", printed
    )
