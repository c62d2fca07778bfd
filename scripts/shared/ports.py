"""Ports of this machine."""

import socket


def free_port(host: str) -> int:
    """Return a port at which nothing listens."""
    with socket.create_server((host, 0)) as listener:
        return listener.getsockname()[1]
