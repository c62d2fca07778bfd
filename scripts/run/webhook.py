"""Deliver a message to the incoming webhook that ALERT_WEBHOOK names.

requests and urllib3 connect and try again. What they lack is here: one minute
for everything, as a timeout restarts with each byte and looking up a name has
none; and errors without the address, which is a secret.
"""

import logging
import os
import queue
import threading

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3 import exceptions

from scripts.shared.errors import UserError

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
# The texts of the exceptions hold the address, so these stand for them.
REASONS = (
    (exceptions.ProxyError, "the proxy cannot be reached"),
    (exceptions.SSLError, "no secure connection (TLS)"),
    (exceptions.NameResolutionError, "the host name is not known"),
    (exceptions.NewConnectionError, "connection refused or host unreachable"),
    (exceptions.TimeoutError, "no answer in time"),
    (exceptions.ProtocolError, "connection closed without an answer"),
)


def address() -> str | None:
    """Return where to post to; None when the variable is empty or not set.

    It is empty where a CI does not have the secret.

    Raises:
        UserError: it is not an https address, nor http on this machine.
    """
    value = os.environ.get("ALERT_WEBHOOK", "").strip()
    if not value:
        return None
    try:
        url = urllib3.util.parse_url(value)
    except ValueError:
        url = urllib3.util.Url()
    if url.scheme not in ("http", "https") or not url.host or " " in value:
        raise UserError(
            "ALERT_WEBHOOK is not a URL: set it to the whole address, from"
            " https:// on and without blanks"
        )
    if url.scheme == "http" and url.host not in LOCAL_HOSTS:
        raise UserError(
            "ALERT_WEBHOOK is a secret, which http would expose: set it to"
            " an https:// address"
        )
    return value


def send(
    url: str,
    text: str,
    timeout: float = 10,
    retries: int = 4,
    deadline: float = 60,
) -> None:
    """Post a text as JSON, as Slack takes it.

    Args:
        url: the webhook.
        text: with Slack's markup.
        timeout: seconds to wait for a connection, and for each answer.
        retries: how often to try again.
        deadline: seconds for all attempts together.

    Raises:
        UserError: it was not delivered in time.
    """
    policy = urllib3.Retry(
        total=retries,
        allowed_methods=["POST"],
        status_forcelist=(429, 500, 502, 503, 504),
        raise_on_status=False,
        backoff_factor=0.5,
        # However long the server wants, one more attempt fits in.
        retry_after_max=deadline / 2,
    )
    # urllib3 logs the path, which holds the secret.
    logging.disable()
    outcome: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    # Only a thread can be abandoned in time.
    threading.Thread(
        target=lambda: outcome.put(_post(url, text, timeout, policy)),
        daemon=True,
    ).start()
    try:
        reason = outcome.get(timeout=deadline)
    except queue.Empty:
        reason = f"no success in {deadline:g} s"
    if reason:
        raise UserError(f"not sent: {reason}")


def _post(
    url: str, text: str, timeout: float, retries: urllib3.Retry
) -> str | None:
    """Return why a text was not taken; None when it was."""
    try:
        with requests.Session() as session:
            # No proxy may see what goes to this machine by plain http.
            session.trust_env = url.lower().startswith("https:")
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=retries))
            # The status says all: the body is neither read nor shown.
            with session.post(
                url,
                json={"text": text},
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                status = response.status_code
    # An uncaught error would print its text, including the address.
    except Exception as error:
        cause = error.args[0] if error.args else error
        cause = getattr(cause, "reason", cause)
        for kind, reason in REASONS:
            if isinstance(cause, kind):
                return reason
        return f"unexpected {type(error).__name__}"
    if 300 <= status < 400:
        return f"redirected elsewhere (HTTP status {status})"
    return None if 200 <= status < 300 else f"HTTP status {status}"
