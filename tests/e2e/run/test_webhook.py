"""How alert delivers its message, and that the webhook stays a secret."""

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from conftest import PYTHON, SCRIPTS, Project, run

SECRET = "xoxSecretToken0123456789"
PATH = f"/services/T00000/B00000/{SECRET}"
# With less patience than the command has.
SEND = """
import sys
from scripts.run import webhook
try:
    webhook.send(
        webhook.address(), "news", timeout=0.4, retries=1, deadline=3
    )
except webhook.UserError as error:
    sys.exit(str(error))
"""


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_PROXY", "*")


def alert(target: Path, *options: str, webhook: str) -> tuple[int, str]:
    """Run the command; return its exit code and all that it printed."""
    done = run(
        *(*SCRIPTS, "alert", "--target-path", target, *options),
        CLASSICMODELS_DB=str(target / "classicmodels.duckdb"),
        ALERT_WEBHOOK=webhook,
    )
    assert SECRET not in done.stdout
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


def send(webhook: str, **variables: str) -> tuple[int, str]:
    """Send a text; return the exit code and the error."""
    done = run(PYTHON, "-c", SEND, ALERT_WEBHOOK=webhook, **variables)
    assert SECRET not in done.stdout
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout.strip()


class Chat:
    """A web server whose answers a test chooses; it counts what comes in."""

    def __init__(self) -> None:
        self.behave: Callable[[BaseHTTPRequestHandler, Chat], None] = answer
        self.messages: list[dict[str, str]] = []
        self.over = threading.Event()
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                chat.messages.append(json.loads(self.rfile.read(length)))
                chat.behave(self, chat)

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
    handler: BaseHTTPRequestHandler, chat: Chat, *statuses: int, **headers: str
) -> None:
    """Answer with each status in turn, then with the last; echo the secret."""
    turn = min(len(chat.messages), len(statuses)) - 1
    handler.send_response(statuses[turn] if statuses else 200, f"see {PATH}")
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(PATH.encode())


def answer_late(handler: BaseHTTPRequestHandler, chat: Chat) -> None:
    """Answer too late at first."""
    chat.over.wait(0 if len(chat.messages) > 1 else 1)
    answer(handler, chat)


def hang_up(handler: BaseHTTPRequestHandler, chat: Chat) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def drip(handler: BaseHTTPRequestHandler, chat: Chat) -> None:
    """Send a header without an end, so that no single wait is long."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Path: ")
    while not chat.over.wait(0.05):
        handler.wfile.write(b"a")


def test_bad_news_is_posted_and_good_news_only_when_asked_for(
    warehouse: Project, tmp_path: Path, chat: Chat
):
    manifest = warehouse.target / "manifest.json"
    content = json.loads(manifest.read_text()) | {"sources": {}}
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    results = json.loads((warehouse.target / "run_results.json").read_text())
    results["args"]["which"] = "build"
    (tmp_path / "run_results.json").write_text(json.dumps(results))
    code, said = alert(tmp_path, webhook=chat.webhook)
    assert (code, chat.messages) == (0, [])
    assert re.match(r"classicmodels: build passed: \d+ nodes, no warning", said)
    assert said.endswith("alert: nothing to report: nothing was sent\n")

    code, said = alert(tmp_path, "--always", webhook=chat.webhook)
    assert said.endswith("alert: sent\n")
    assert chat.messages[0]["text"].startswith("classicmodels: build passed: ")

    results["results"][-1] |= {"status": "error", "message": "a < b & c"}
    (tmp_path / "run_results.json").write_text(json.dumps(results))
    code, said = alert(tmp_path, webhook=chat.webhook)
    assert code == 0
    # Escaped for the chat alone.
    assert ": a < b & c\n" in said
    assert ": a &lt; b &amp; c\n" in chat.messages[1]["text"]


@pytest.mark.parametrize(
    ("webhook", "message"),
    [
        (f"chat.example{PATH}", "is not a URL"),
        (f"https://chat.example:99999{PATH}", "is not a URL"),
        (f"https://chat.example {PATH}", "is not a URL"),
        (f"file://chat.example{PATH}", "is not a URL"),
        (f"http://chat.example{PATH}", "set it to an https:// address"),
        (f"http://localhost@chat.example{PATH}", "set it to an https"),
    ],
)
def test_a_wrong_address_is_one_line_without_it(
    tmp_path: Path, webhook: str, message: str
):
    code, said = alert(tmp_path, webhook=webhook)
    assert code == 1
    (line,) = [one for one in said.splitlines() if one.startswith("alert:")]
    assert message in line
    assert "chat.example" not in said


@pytest.mark.parametrize(
    ("behave", "error", "requests"),
    [
        (lambda *one: answer(*one, 429, 200, Retry_After="1"), "", 2),
        # It does not wait for an hour.
        (lambda *one: answer(*one, 429, 200, Retry_After="3600"), "", 2),
        (answer_late, "", 2),
        (lambda *one: answer(*one, 500), "HTTP status 500", 2),
        (lambda *one: answer(*one, 404), "HTTP status 404", 1),
        (hang_up, "connection closed without an answer", 2),
        (drip, "no success in 3 s", 1),
    ],
)
def test_it_tries_again_where_that_helps(
    chat: Chat, behave: Callable, error: str, requests: int
):
    chat.behave = behave
    begun = time.monotonic()
    code, said = send(chat.webhook)
    assert time.monotonic() - begun < 9
    assert (code, said) == ((1, f"not sent: {error}") if error else (0, ""))
    assert chat.messages == [{"text": "news"}] * requests


def test_a_missing_answer_is_reported(chat: Chat):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        silence = send(f"http://localhost:{port}{PATH}")
    assert silence == (1, "not sent: no answer in time")
    # https is not traded for http.
    secure = send(chat.webhook.replace("http:", "https:"))
    assert secure == (1, "not sent: no secure connection (TLS)")
    assert chat.messages == []
    chat.close()
    assert send(chat.webhook) == (
        1,
        "not sent: connection refused or host unreachable",
    )


def test_the_secret_goes_nowhere_else(open_chat: Callable[[], Chat]):
    first, other = open_chat(), open_chat()
    first.behave = lambda *one: answer(*one, 307, Location=other.webhook)
    assert send(first.webhook) == (
        1,
        "not sent: redirected elsewhere (HTTP status 307)",
    )
    proxies = {"HTTP_PROXY": other.webhook, "http_proxy": other.webhook}
    first.behave = answer
    assert send(first.webhook, NO_PROXY="", **proxies) == (0, "")
    assert (len(first.messages), other.messages) == (2, [])
