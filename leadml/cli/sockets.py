"""Where does the app listen? The socket it answers at, made before anything slow is imported."""

import socket

from leadml.errors import ConfigError

BACKLOG = 2_048
"""How many connections may wait to be taken."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at an address; port 0 is any that is free.

    Raises:
        ConfigError: the address is taken, or not this machine's.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        msg = (
            f"The app must be able to listen at '{host}', port {port}, but cannot: "
            f"{error.strerror}. Stop what listens there, or choose another with --port."
        )
        raise ConfigError(msg) from error
    return listening


def url_of(listening: socket.socket) -> str:
    """The address of a listening socket as a person opens it."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
