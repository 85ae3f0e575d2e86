"""Caller profiles (接口方配置): what one hospital's client needs otherwise than most. YAML, text only, one file.

A client is known by its facility code and the network it calls from. What a profile does not say is as `default` says,
and what that does not say is the safe choice.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.domain.access import EVERYWHERE, Scope
from app.domain.decision import Severity
from app.domain.encounter import CareType, FacilityLevel, InsuranceType, Pregnancy, Sex
from app.domain.line import FormularyClass
from app.interfaces.nhsa import dictionaries
from app.knowledge.text_yaml import read_yaml

Title = Literal["chief", "associate_chief", "attending", "resident", "assistant", "pharmacist", "nurse", "other"]
_THIS_MACHINE = ("127.0.0.0/8", "::1/128")


class ProfileError(Exception):
    """The profile file is wrong; the text says what, where, and what to do."""


class Profile(BaseModel):
    """How one client is heard and answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "default"
    facilities: tuple[str, ...] = ()  # the codes that the envelope gives as fixmedins_code or medins_code
    visit_facilities: tuple[str, ...] = ()  # codes that its visits give besides, as medins_id
    paths: tuple[str, ...] = ()  # a part of the address that only this client calls
    networks: tuple[str, ...] | None = None  # absent: this machine only, or any where callers prove who they are
    authentication: Literal["network", "signature", "apikey", "sm2", "sm3"] = "network"
    secret_variable: str = ""  # name of the environment variable that holds the secret or key
    public_key_file: str = ""  # of sm2: PEM of the client's public key
    signed: tuple[str, ...] = ("infno", "msgid", "inf_time", "fixmedins_code", "input")  # of sm2 and sm3
    signed_between: str = "|"  # what stands between them
    infcode_as_text: bool = False
    result_as_object: bool = False
    on_internal_error: Literal["open", "closed"] = "open"
    severities: tuple[Severity, ...] = tuple(Severity)
    feedback_needs_reason: bool = False
    trust_own_payment: bool = True  # whether ownpay_amt is what the patient pays, not a copy of sumamt
    popup_base: str = ""  # address of this service as the doctor's browser sees it; blank: no popup
    popup_hours: Annotated[int, Field(ge=1, le=72)] = 12
    cors_origins: tuple[str, ...] = ()
    pregnancy: Literal["unknown", "A", "B"] = "unknown"  # matn_stas
    visit_type: Literal["agreed", "A", "B"] = "agreed"  # med_mdtrt_type
    out_of_area: Literal["flag", "place"] = "flag"  # out_setl_flag
    facility_level: Literal["unknown", "national"] | dict[str, FacilityLevel] = "unknown"  # medins_lv
    sex: dict[str, Sex] = {}  # gend; these and the following add to what all clients agree on
    care_type: dict[str, CareType] = {}  # med_type
    insurance_type: dict[str, InsuranceType] = {}  # insutype
    title: dict[str, Title] = {}  # drord_dr_profttl
    formulary_class: dict[str, FormularyClass] = {}  # hilist_lv

    def __hash__(self) -> int:
        return hash((self.name, self.facilities))

    @field_validator("networks")
    @classmethod
    def _networks_exist(cls, networks: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for network in networks or ():
            ip_network(network)
        return networks

    @field_validator("signed")
    @classmethod
    def _tells_messages_apart(cls, signed: tuple[str, ...]) -> tuple[str, ...]:
        if lacking := {"msgid", "inf_time", "input"} - set(signed):
            raise ValueError(f"{', '.join(sorted(lacking))} has to be signed; what is not can be changed or sent again")
        return signed

    @cached_property
    def levels(self) -> Mapping[str, FacilityLevel]:
        if isinstance(self.facility_level, str):
            return dictionaries.FACILITY_LEVEL[self.facility_level]
        return self.facility_level

    @cached_property
    def pregnancies(self) -> Mapping[str, Pregnancy]:
        return dictionaries.PREGNANCY[self.pregnancy]

    @cached_property
    def sexes(self) -> Mapping[str, Sex]:
        return {**dictionaries.SEX, **self.sex}

    @cached_property
    def care_types(self) -> Mapping[str, CareType]:
        return {**dictionaries.MED_TYPE, **self.care_type}

    @cached_property
    def insurance_types(self) -> Mapping[str, InsuranceType]:
        return {**dictionaries.INSURANCE, **self.insurance_type}

    @cached_property
    def titles(self) -> Mapping[str, str]:
        return {**dictionaries.TITLE, **self.title}

    @cached_property
    def formulary_classes(self) -> Mapping[str, FormularyClass]:
        return {**dictionaries.FORMULARY_CLASS, **self.formulary_class}

    @cached_property
    def secret(self) -> str:
        return os.environ.get(self.secret_variable, "") if self.secret_variable else ""

    @cached_property
    def scope(self) -> Scope:
        """About whose patients the client may ask: those of its facilities, where it names any."""
        return (
            Scope(facilities=frozenset({*self.facilities, *self.visit_facilities})) if self.facilities else EVERYWHERE
        )

    def admits(self, address: str) -> bool:
        """Whether the client may call from this address."""
        if self.networks is None:
            return self.authentication != "network" or _is_within(_THIS_MACHINE, address)
        return _is_within(self.networks, address)


@lru_cache(4096)
def _is_within(networks: tuple[str, ...], address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in ip_network(network) for network in networks)


class Profiles:
    """All profiles, by facility code."""

    def __init__(self, default: Profile, others: Sequence[Profile] = ()) -> None:
        self.default, self.all = default, (default, *others)
        self._by_facility = {code: profile for profile in others for code in profile.facilities}
        self._by_path = {part: profile for profile in others for part in profile.paths}
        self.origins = frozenset(origin for profile in (default, *others) for origin in profile.cors_origins)

    def of(self, facility: str, path: str = "") -> Profile:
        """The profile of the first part of the path that one names, else that of the facility, else the default."""
        if self._by_path:
            for part in path.split("/"):
                if part in self._by_path:
                    return self._by_path[part]
        return self._by_facility.get(facility, self.default)


def read_profiles(file: Path | None) -> Profiles:
    """Read `default:` and `callers:` of the file; no file, the safe default for everyone. Raises ProfileError."""
    if file is None:
        return Profiles(Profile())
    try:
        document = read_yaml(file.read_bytes()) or {}
        if not isinstance(document, dict):
            raise TypeError("it is no mapping")
        if unknown := set(document) - {"default", "callers"}:
            raise ProfileError(f"{file}: {', '.join(sorted(unknown))} is not known; write default and callers")
        written = document.get("default") or {}
        default = Profile.model_validate(written)
        others = [Profile.model_validate({**written, **one}) for one in document.get("callers") or ()]
    except (OSError, ValueError, yaml.YAMLError, AttributeError, TypeError) as error:
        raise ProfileError(f"{file}: {_explain(error)}") from error
    for profile in (default, *others):
        if profile.authentication == "sm2" and not Path(profile.public_key_file).is_file():
            raise ProfileError(f"{file}: {profile.name}: sm2 needs public_key_file, the PEM of the client's public key")
        if profile.authentication not in ("network", "sm2") and not profile.secret:
            raise ProfileError(
                f"{file}: {profile.name}: {profile.authentication} needs a secret: name an environment variable in "
                "secret_variable and set it"
            )
    _check_names(file, others)
    return Profiles(default, others)


def _explain(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    return f"not readable as caller profiles: {error}"


def _check_names(file: Path, callers: Sequence[Profile]) -> None:
    for profile in callers:
        if not profile.facilities and not profile.paths:
            raise ProfileError(f"{file}: {profile.name} is never used; say its facilities or paths")
    for what in ("facilities", "paths"):
        counts = Counter(one for profile in callers for one in getattr(profile, what))
        for name, count in counts.items():
            if count > 1:
                raise ProfileError(f"{file}: {name} stands in {what} of two profiles; leave it in one")
