"""Known clients (接入方登记): which issuers may call by token, from where their keys come, how they name this service.

One file, YAML or JSON, text only: `bases:` are the addresses of this service as clients see it, `clients:` a list.
"""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from app.interfaces.authentication.jwks import BadKeys, Key, keys_in
from app.knowledge.text_yaml import read_yaml

Algorithm = Literal["ES384", "RS384", "ES256", "RS256"]
_LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")


class ClientError(Exception):
    """The file of clients is wrong; the text says what and where."""


class CdsClient(BaseModel):
    """One issuer. Its keys stand here (`keys`, a JWKS), or at its one address (`jku`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: Annotated[str, Field(min_length=1, max_length=500)]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,50}$")]  # what records call it
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("ES384", "RS384")
    jku: str = ""
    keys: dict[str, Any] | None = None
    audiences: tuple[str, ...] = ()  # names of this service that only this client uses, each exactly as it sends it
    facilities: tuple[str, ...] = ()  # for whose patients it may ask; none named: for those of every facility
    longest_seconds: Annotated[int, Field(ge=10, le=86400)] = 300  # between iat and exp

    @field_validator("jku")
    @classmethod
    def _is_safe(cls, jku: str) -> str:
        if jku and not jku.startswith("https://") and not _is_loopback(jku):
            raise ValueError("must begin with https://; whoever could change the answer could make keys")
        return jku

    @model_validator(mode="after")
    def _has_one_source(self) -> "CdsClient":
        if bool(self.jku) == (self.keys is not None):
            raise ValueError("give either jku or keys")
        return self

    def own_keys(self) -> dict[str, tuple[Key, ...]]:
        """The keys of the file; none where they are to be fetched. Raises BadKeys."""
        return {} if self.keys is None else keys_in(self.keys)


class CdsClients(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    bases: tuple[str, ...] = ()
    clients: tuple[CdsClient, ...] = ()


def read_clients(file: Path | None) -> CdsClients:
    """No file: nobody calls by token. Raises ClientError."""
    if file is None:
        return CdsClients()
    try:
        found = CdsClients.model_validate(read_yaml(file.read_bytes()) or {})
        for client in found.clients:
            client.own_keys()
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False))
        raise ClientError(f"{file}: {told}") from None
    except (OSError, ValueError, yaml.YAMLError, BadKeys) as error:
        raise ClientError(f"{file}: {error}") from None
    for what in ("issuer", "name"):
        counts = Counter(getattr(client, what) for client in found.clients)
        if several := [one for one, count in counts.items() if count > 1]:
            raise ClientError(f"{file}: the {what} {several[0]} stands twice; keep one")
    for client in found.clients:
        if not found.bases and not client.audiences:
            raise ClientError(f"{file}: {client.name}: say bases, or the audiences that it sends")
    return found


def _is_loopback(url: str) -> bool:
    return any(url.startswith(one) and url[len(one) : len(one) + 1] in (":", "/") for one in _LOOPBACK)
