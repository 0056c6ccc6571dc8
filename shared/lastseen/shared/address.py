"""Addresses as people write them: `host:port`, `host`, `[::1]:8080`."""

import re

DEFAULT_PORT = 8080
"""Where a server listens for TCP clients unless told otherwise."""


def parse_address(text: str, default_port: int = DEFAULT_PORT) -> tuple[str, int]:
    """The host and port that `text` names.

    Raises:
        ValueError: With a sentence for the person who wrote it.
    """
    host, port = _split(text.strip())
    if not (_is_ipv6(host) if ":" in host else _is_name(host)):
        raise ValueError(f"expected an address like host:port or [::1]:port, got {text!r}")
    if port is None:
        return host, default_port
    if not re.fullmatch("[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
        raise ValueError(f"expected a port from 1 to 65535 in the address {text!r}, got {port!r}")
    return host, int(port)


def format_address(host: str, port: int) -> str:
    """`host:port`, with brackets where the host is an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def plain_host(host: str) -> str:
    """Return an IPv4-mapped IPv6 address as the IPv4 address that it stands for.

    An IPv6 socket names its IPv4 peers so (`::ffff:192.0.2.7`; RFC 4291, section 2.5.5.2), and a
    `Host` header may. Any other host is returned unchanged.
    """
    if ":" not in host:
        return host
    from ipaddress import IPv6Address  # only for hosts that may be one

    try:
        mapped = IPv6Address(host).ipv4_mapped
    except ValueError:
        return host
    return host if mapped is None else str(mapped)


def _split(text: str) -> tuple[str, str | None]:
    """Host and port, None where no port is written; an empty host where there is neither."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or ":" not in host or (rest and not rest.startswith(":")):
            return "", None
        return host, rest[1:] if rest else None
    if text.count(":") > 1:  # a bare IPv6 address
        return text, None
    host, colon, port = text.partition(":")
    return host, port if colon else None


def _is_name(host: str) -> bool:
    """Return whether a resolver can be asked for it: no label is empty or too long."""
    try:
        return bool(host.encode("idna"))
    except UnicodeError:
        return False


def _is_ipv6(host: str) -> bool:
    from ipaddress import IPv6Address  # only for who writes one

    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True
