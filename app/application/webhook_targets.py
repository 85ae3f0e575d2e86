"""Where webhooks may go (通知目标白名单): hosts and networks that the settings name, and nowhere else."""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

LONGEST_URL = 500
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadTarget(ValueError):
    """Why nothing is sent to that address."""


class Target(NamedTuple):
    """`address` is what the name stands for now: that very one is connected to."""

    scheme: str
    host: str
    port: int
    path: str
    address: str

    @property
    def url(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{address}:{self.port}{self.path}"

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"


class AllowedTargets:
    def __init__(self, told: Iterable[str]) -> None:
        """Host names, addresses, and networks as 10.1.2.0/24. Raises ValueError for what is none of these."""
        self.told = tuple(told)
        self._names: set[str] = set()
        self._networks: list[Network] = []
        for one in self.told:
            try:
                self._networks.append(ipaddress.ip_network(one))
            except ValueError:
                if "/" in one or not one.strip("."):
                    raise ValueError(f"{one!r} is no host, address or network") from None
                self._names.add(one.lower().rstrip("."))

    async def find(self, url: str) -> Target:
        """Raises BadTarget, also where the name stands for nothing now."""
        scheme, host, port, path = parts_of(url)
        addresses = await _addresses(host, port)
        is_named = host in self._names
        for one in addresses:
            if not self._is_allowed(one, is_named=is_named):
                raise BadTarget(f"{host} is not among the hosts and networks of MINGJIAN_WEBHOOK_TARGETS")
        return Target(scheme, host, port, path, str(addresses[0]))

    def _is_allowed(self, address: Address, *, is_named: bool) -> bool:
        """Nobody reaches the machine itself, or what answers any machine beside it, through a name."""
        if any(address in network for network in self._networks if network.version == address.version):
            return True
        is_odd = address.is_link_local or address.is_multicast or address.is_unspecified or address.is_loopback
        return is_named and not is_odd


def parts_of(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port, and path with query. Raises BadTarget."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise BadTarget("this is no address that can be read") from None
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise BadTarget(f"an address has at most {LONGEST_URL} plain characters, without spaces")
    if parts.scheme not in ("http", "https") or not host:
        raise BadTarget("the address begins with https://host/ or http://host/")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadTarget("the address holds no user, password or fragment")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, host, port or {"http": 80, "https": 443}[parts.scheme], path


async def _addresses(host: str, port: int) -> list[Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise BadTarget(f"the name {host[:100]} stands for no address here") from None
    addresses = [ipaddress.ip_address(str(place[0]).partition("%")[0]) for *_, place in found]
    return [getattr(one, "ipv4_mapped", None) or one for one in addresses]
