"""Addresses as people write them: `host:port`, `host`, `[::1]:8080`."""

DEFAULT_PORT = 8080
"""Where a server listens for TCP clients unless told otherwise."""


def parse_address(text: str, default_port: int = DEFAULT_PORT) -> tuple[str, int]:
    """The host and port that `text` names.

    Raises:
        ValueError: With a sentence for the person who wrote it.
    """
    host, port = _split(text.strip())
    if not host:
        raise ValueError(f"expected an address like host:port, got {text!r}")
    if not port:
        return host, default_port
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ValueError(f"expected a port from 1 to 65535 in the address {text!r}, got {port!r}")
    return host, int(port)


def format_address(host: str, port: int) -> str:
    """`host:port`, with brackets where the host is an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _split(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            return "", ""
        return host, rest[1:]
    if text.count(":") > 1:  # a bare IPv6 address
        return text, ""
    host, _, port = text.partition(":")
    return host, port
