"""The socket the pages are served on, or a sentence that says why it cannot be had."""

import errno
import socket

from web.errors import ListenError


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket (port 0: any free one); raises ListenError with what to do."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise ListenError(_why(host, port, error)) from error
    return bound


def _why(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken by another program: stop it, or take another port with --port N"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"port {port} needs more rights than this program has: take one above 1023 with --port N"
    return f"{host}:{port} cannot be listened on ({error}): is {host} an address of this machine?"
