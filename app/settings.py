"""Settings (配置): every environment variable in one place. No secret has a default."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.domain.access import INSTALLATION_ROLES, Role
from app.domain.account import OtpPolicy
from app.domain.alert import Tier
from app.domain.decision import Decision, Severity, Stage
from app.domain.work import Work

if TYPE_CHECKING:
    from app.store.data_keys import KeySource

_ORIGIN = r"^https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?$"


class Settings(BaseSettings):
    """Read from the environment as `MINGJIAN_<NAME>`; the port also as plain `PORT`."""

    model_config = SettingsConfigDict(env_prefix="MINGJIAN_", env_ignore_empty=True, populate_by_name=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, validation_alias="PORT")] = 8000
    data_dir: Path = Path("var")
    rules_dir: Path = Path("rules")
    api_key: SecretStr | None = None  # absent: one is made at the first start and kept in the data directory
    api_key_roles: list[Role] = list(INSTALLATION_ROLES)  # JSON; narrow it once keys and accounts are in use
    key_days: Annotated[int, Field(ge=1, le=1095)] = 365  # for which a new key is good, unless it is said otherwise
    key_overlap_days: Annotated[int, Field(ge=0, le=90)] = 7  # for which the earlier secret goes on after a rotation
    key_hold_seconds: Annotated[int, Field(ge=5, le=86400)] = 300  # known keys open so long without the database
    oauth_issuers: Path | None = None  # YAML: whose access tokens open this service; docs/authentication.md
    client_cert_header: str = ""  # in which a trusted proxy tells the client's certificate; blank: none is believed
    data_keys: SecretStr | None = None  # base64 of 32 bytes, comma-parted, the newest last
    data_key_file: Path | None = None  # such keys, one to a line; absent: made at the first start in data_dir
    data_cipher: Literal["aes", "sm4"] = "aes"  # AES-256-GCM, or SM4-GCM (国密)
    keep_outpatient_years: Annotated[int, Field(ge=1, le=100)] = 15  # contents of audits; `mingjian privacy retention`
    keep_inpatient_years: Annotated[int, Field(ge=1, le=100)] = 30
    max_body_bytes: Annotated[int, Field(ge=1024)] = 10 * 1024 * 1024
    max_bulk_line_bytes: Annotated[int, Field(ge=1024)] = 10 * 1024 * 1024
    nhsa_base: str = "/fsi/api"
    nhsa_profiles: Path | None = None  # YAML; docs/his-integration.md tells what it may say
    popup_frames: list[Annotated[str, Field(pattern=_ORIGIN)]] = []  # JSON: origins of pages that may frame the popup
    log_format: Literal["", "json", "text"] = ""  # blank: text on a terminal, JSON elsewhere
    access_log: bool = True  # a line for every request; docs/operations/monitoring.md
    public_url: str = ""  # https://host as browsers see this service; blank: as the request tells
    require_otp: OtpPolicy = OtpPolicy.ADMINISTRATORS  # whose accounts must have a second factor; docs/accounts.md
    oidc_issuer: str = ""  # https://…; blank: no OpenID Connect
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_client_secret_file: Path | None = None
    oidc_groups_claim: str = "groups"
    oidc_practitioner_claim: str = ""  # in which the provider tells a doctor's code
    oidc_grants: dict[str, dict[str, list[str]]] = {}  # JSON: value of that claim to roles and scope; docs/accounts.md
    evaluation: bool = False  # at the first start one account for each role, none with a second factor; to look around
    trusted_proxies: str = ""  # addresses, comma-parted, whose X-Forwarded-For tells who calls; blank: nobody's
    database_url: Annotated[SecretStr | None, Field(validation_alias="DATABASE_URL")] = (
        None  # absent: SQLite in data_dir
    )
    redis_url: Annotated[SecretStr | None, Field(validation_alias="REDIS_URL")] = None
    backup_database_url: SecretStr | None = None  # of a role that may read every row; absent: database_url
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    publish_at_start: bool = True  # packs that were never in force; False: only `mingjian rules publish` publishes
    keep_history: bool = True  # False: an audit knows of the past only what its request tells
    history_groups: list[list[str]] = []  # JSON: facilities of one group (医联体), which share their patients' history
    rate_limits: dict[Work, Annotated[float, Field(gt=0)]] = {}  # JSON: kind of work to requests a second and caller
    drain_seconds: Annotated[float, Field(ge=0, le=60)] = 2.0  # told to stop: how long it is unready and still listens
    deadline_ms: Annotated[int, Field(ge=10, le=1000)] = 150  # for a request that gives no X-Deadline-Ms
    trail_origin: str = ""  # the log's name, as mingjian.example/hospital-1; blank: one is made with the key
    trail_key_file: Path | None = None  # absent: a key is made at the first start and kept in the data directory
    trail_sm2_key_file: Path | None = None  # PEM; a second signature by SM2/SM3 (国密)
    trail_witnesses: list[dict[str, str]] = []  # JSON: [{"url": "http://…", "key": "name+id+base64"}]
    cds_clients: Path | None = None  # YAML or JSON: who may call CDS Hooks by signed token; docs/cds-hooks.md
    cds_origins: list[str] = []  # JSON: web pages that may call CDS Hooks from a browser
    cds_discovery_open: bool = True  # False: discovery asks for a token or key too
    cds_most_cards: Annotated[int, Field(ge=1, le=20)] = 5  # in one answer
    cds_silence_hours: Annotated[float, Field(ge=0, le=24 * 365)] = 24.0  # how long an answer with a reason holds
    cds_tiers: dict[str, Tier] = {}  # JSON: rule to its loudest tier: silent, passive, popup, block
    cds_popup_base: str = ""  # address of this service as the doctor's browser sees it; blank: cards have no page
    cds_popup_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 30  # how long the link of a card opens its page
    grouping_scheme: str = ""  # id of a DRG scheme: audits of stage settling then look at the coding of inpatient stays
    export_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000  # findings that one export may hold
    export_lead_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 100_000  # the same for an audit lead
    review_policy: str = ""  # JSON: times and second persons of findings under review; docs/review.md
    webhook_targets: list[str] = []  # JSON: hosts, addresses and networks that webhooks may go to; docs/webhooks.md
    decisions: dict[Stage, dict[Severity, Decision]] = {}  # JSON; what is not named stays at the safe default

    @field_validator("history_groups")
    @classmethod
    def _in_one_group_only(cls, groups: list[list[str]]) -> list[list[str]]:
        several = [one for one, count in Counter(one for group in groups for one in set(group)).items() if count > 1]
        if several:
            raise ValueError(f"facility {sorted(several)[0]!r} stands in two groups; it may share its history in one")
        return groups

    @property
    def told(self) -> dict[str, str]:
        """The settings as the trail tells of them: those that were changed, without any secret or address."""
        secret = {
            "api_key", "oidc_client_secret", "data_keys", "database_url", "backup_database_url", "redis_url",
            "trail_witnesses",
        }  # fmt: skip
        changed = self.model_dump(mode="json", exclude=secret, exclude_defaults=True)
        return {name: value if isinstance(value, str) else json.dumps(value) for name, value in changed.items()}

    @property
    def trail_dir(self) -> Path:
        return self.data_dir / "trail"

    @property
    def database(self) -> str | None:
        """The database's URL, which may hold a password: not to be logged."""
        return None if self.database_url is None else self.database_url.get_secret_value()

    @property
    def backup_database(self) -> str | None:
        """The URL that backups are made by, which may hold a password: not to be logged."""
        url = self.backup_database_url or self.database_url
        return None if url is None else url.get_secret_value()

    @property
    def redis(self) -> str | None:
        """Redis's URL, which may hold a password: not to be logged."""
        return None if self.redis_url is None else self.redis_url.get_secret_value()

    @property
    def key_source(self) -> "KeySource":
        """Where the keys are that the store encrypts with."""
        from app.store.data_keys import KeySource

        given = "" if self.data_keys is None else self.data_keys.get_secret_value()
        return KeySource(self.data_key_file or self.data_dir / "data-keys", given, self.data_cipher)

    @property
    def database_path(self) -> Path:
        return self.data_dir / "mingjian.sqlite3"

    @property
    def spool_dir(self) -> Path:
        return self.data_dir / "spool"

    @property
    def popup_path(self) -> str:
        return f"{self.nhsa_base.rstrip('/')}/popup"

    @property
    def cache_dir(self) -> Path:
        return self.data_dir / "cache"
