"""Loopback: whether a host means this machine itself. Names are not resolved."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether `host` is an address of this machine alone, or the name that all machines give themselves."""
    try:
        address = ipaddress.ip_address(host)
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback
    except ValueError:
        return host == "localhost"
