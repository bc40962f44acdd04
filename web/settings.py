"""What an operator can set: one frozen value, and the one reader of the environment."""

from __future__ import annotations

import hmac
import ipaddress
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from stations.errors import Invalid

__all__ = ["DEMO", "PROVINCES", "SETTINGS", "Setting", "Settings", "SettingsError", "secret_key_in"]

DEMO = "demo"
"""The name of the demonstration registry."""

PROVINCES = frozenset(
    f"{code}"
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 82))
    for code in range(first, last + 1)
)
"""The first two digits of GB/T 2260: the province-level divisions."""

_ROOT = Path(__file__).resolve().parents[1]
_PHOTOS = _ROOT / "var" / "photos"
_STREETS = _ROOT / "var" / "streets"
_DOWNLOADS = _ROOT / "var" / "downloads"
_BACKUPS = _ROOT / "var" / "backups"
#: As ``stations.accounts.ROLES``, which the first check cannot import: it runs before anything is installed.
_ROLES = ("viewer", "editor", "inspector", "planner", "administrator")


class SettingsError(Invalid):
    """A variable of the environment, or an option, has a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable: its default in words (empty where there is none), its help, and how its text is read."""

    name: str
    default: str
    help: str
    attribute: str
    read: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the environment decides. ``Settings.read()`` is the only place that looks there."""

    database_url: str | None = field(default=None, repr=False)
    owner_database_url: str | None = field(default=None, repr=False)
    read_database_url: str | None = field(default=None, repr=False)
    registry: str | None = None
    province: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    secret_key: str | None = field(default=None, repr=False)
    review_number: str | None = None
    map_credit: str | None = None
    base_map: str = "own"
    base_map_url: str | None = field(default=None, repr=False)
    base_map_key: str | None = field(default=None, repr=False)
    base_map_file: Path | None = None
    base_map_datum: str = "wgs84"
    base_map_zoom: int = 18
    embed_ancestors: str | None = None
    lang: str = "zh"
    statement_timeout_ms: int = 15_000
    photos: Path = _PHOTOS / DEMO
    uploads: Path = _ROOT / "var" / "uploads"
    upload_max_mb: int = 64
    streets: Path = _STREETS / DEMO
    downloads: Path = _DOWNLOADS / DEMO
    backups: Path = _BACKUPS / DEMO
    trusted_proxies: int = 0
    api_per_minute: int = 1200
    monitors: str = "127.0.0.0/8 ::1/128"
    log: str | None = None
    log_addresses: str = "no"
    log_days: int = 180
    report_days: int = 0
    icp_number: str | None = None
    police_number: str | None = None
    report_devices: int = 3
    report_networks: int = 2
    report_hours: int = 72
    public_url: str | None = None
    require_two_factor: str | None = None
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = field(default=None, repr=False)
    oidc_name: str | None = None
    oidc_newcomers: str = "no"
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str | None = None
    sandbox_database_url: str | None = field(default=None, repr=False)
    clock: datetime | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the environment (``os.environ``), or the mapping given.

        An empty variable counts as absent. Raises SettingsError naming the variable, its value and what it may be;
        an unknown name beginning with YIZHAN_ is such an error too, because it is a misspelling.
        """
        given = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for setting in SETTINGS:
            if text := given.get(setting.name, "").strip():
                try:
                    values[setting.attribute] = setting.read(text)
                except ValueError as error:
                    shown = "(not shown)" if "URL" in setting.name or "SECRET" in setting.name else repr(text)
                    raise SettingsError(
                        f"{setting.name}={shown}: {error}", field=setting.name, value=text
                    ) from error
        known = {setting.name for setting in SETTINGS}
        if strangers := sorted(
            name
            for name in given
            if name.startswith("YIZHAN_") and name not in known and not name.startswith("YIZHAN_TEST_")
        ):
            raise SettingsError(
                f"{', '.join(strangers)}: no such setting; known are {', '.join(sorted(known))}.",
                field=strangers[0],
            )
        settings = cls(**values)
        # A folder for each registry: what one does not name would else be an orphan although another one does.
        if "photos" not in values:
            settings = replace(settings, photos=_PHOTOS / settings.registry_name)
        if "streets" not in values:
            settings = replace(settings, streets=_STREETS / settings.registry_name)
        if "downloads" not in values:
            settings = replace(settings, downloads=_DOWNLOADS / settings.registry_name)
        if "backups" not in values:
            settings = replace(settings, backups=_BACKUPS / settings.registry_name)
        return settings

    @property
    def registry_name(self) -> str:
        """The registry served: the one asked for, else the demonstration, else (on a real server) ``registry``."""
        return self.registry or (DEMO if self.database_url is None else "registry")

    def environment(self) -> dict[str, str]:
        """Spell the settings as variables again, for a child process that ``read`` them."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {
            setting.name: value.isoformat() if isinstance(value, datetime) else str(value)
            for setting in SETTINGS
            if (value := values[setting.attribute]) is not None
        }

    def now(self) -> datetime:
        """Tell the time, with its zone: the frozen clock where one is set."""
        return self.clock or datetime.now(UTC)

    def require_database(self) -> str:
        """Return the application's database address, or raise SettingsError."""
        if self.database_url is None:
            raise SettingsError(
                "YIZHAN_DATABASE_URL is not set, and this program does not start a database itself: "
                "use script/server, or give the address of one.",
                field="YIZHAN_DATABASE_URL",
            )
        return self.database_url

    def require_secret_key(self) -> str:
        """Return the key that signs sessions, or raise SettingsError: there is no default."""
        if self.secret_key is None:
            raise SettingsError(
                "YIZHAN_SECRET_KEY is not set: give 32 or more random characters "
                "(python3 -c 'import secrets; print(secrets.token_urlsafe(32))'). script/server makes its own.",
                field="YIZHAN_SECRET_KEY",
            )
        return self.secret_key

    def key_for(self, purpose: str) -> bytes:
        """Draw the key of one purpose, 32 bytes, from the secret of the site; it serves no other purpose."""
        return hmac.digest(self.require_secret_key().encode(), f"yizhan {purpose}".encode(), "sha256")

    @property
    def two_factor_roles(self) -> frozenset[str]:
        """The roles whose holders must have a second factor."""
        return frozenset((self.require_two_factor or "").split())


def secret_key_in(folder: Path) -> str:
    """Return the key kept in ``folder``, made the first time, readable by its owner alone."""
    file = folder / "secret-key"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not file.exists() or not file.read_text(encoding="ascii").strip():
            fresh = folder / f"secret-key.{os.getpid()}"
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(48), encoding="ascii")
            fresh.replace(file)
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingsError(
            f"The secret key in {file} cannot be read or made: {error.strerror}. Start as the user who started before, "
            "or set YIZHAN_SECRET_KEY.",
            field="YIZHAN_SECRET_KEY",
        ) from error


def _address(text: str) -> str:
    """Read a database address, spelled for SQLAlchemy's psycopg driver."""
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise ValueError("must be a PostgreSQL address: postgresql://ROLE:PASSWORD@HOST:PORT/DATABASE")
    return f"postgresql+psycopg://{rest}"


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not lowest <= int(text) <= highest:
            raise ValueError(f"must be a whole number from {lowest} to {highest}")
        return int(text)

    return read


def _registry(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", text):
        raise ValueError(
            "must be lower-case letters, digits and _, beginning with a letter, 40 at most, such as henan_2026"
        )
    return text


def _province(text: str) -> str:
    code = text.removesuffix("0000") if len(text) == 6 else text
    if code not in PROVINCES:
        raise ValueError(
            "must be the GB/T 2260 code of a province, two digits, such as 63 for Qinghai or 41 for Henan"
        )
    return code


def _secret(text: str) -> str:
    if len(text) < 32:
        raise ValueError(f"has {len(text)} characters and must have 32 or more, random ones")
    return text


def _language(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", text):
        raise ValueError("must be a language tag such as zh or en")
    return text


def _origin(text: str) -> str:
    found = re.fullmatch(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?/?", text, re.IGNORECASE)
    if found is None:
        raise ValueError("must be a scheme and a host and no path, such as https://map.example.org")
    return text.rstrip("/").lower()


def _roles(text: str) -> str:
    found = [role for role in re.split(r"[\s,]+", text) if role]
    if unknown := [role for role in found if role not in _ROLES]:
        raise ValueError(f"{', '.join(unknown)}: no such role; name some of {', '.join(_ROLES)}")
    return " ".join(found)


def _issuer(text: str) -> str:
    found = re.fullmatch(r"(https?)://([a-z0-9.-]+)(:[0-9]{1,5})?(/[\w./~-]*)?", text, re.IGNORECASE)
    if found is None or (found[1].lower() == "http" and found[2] not in {"127.0.0.1", "localhost"}):
        raise ValueError("must be the issuer's https address, such as https://login.example.org/realms/union")
    return text


def _mail_server(text: str) -> str:
    if not re.fullmatch(r"smtps?://([^\s@/]+@)?[\w.-]+(:[0-9]{1,5})?/?", text):
        raise ValueError("must be smtp://USER:PASSWORD@HOST:587 (STARTTLS) or smtps://USER:PASSWORD@HOST:465")
    return text


def _yes_or_no(text: str) -> str:
    if text.lower() not in {"yes", "no"}:
        raise ValueError("must be yes or no")
    return text.lower()


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text.lower()

    return read


def _tiles(text: str) -> str:
    plain = re.sub(r"\{switch:[A-Za-z0-9-]+(,[A-Za-z0-9-]+)*\}", "s", text, count=1)
    found = re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?(/[^\s\"'<>\\;]*)", plain, re.IGNORECASE)
    names = re.findall(r"\{([^{}]*)\}", plain)
    if found is None or not {"z", "x", "y"} <= set(names) or set(names) - {"z", "x", "y", "key"}:
        raise ValueError(
            "must be the address of tiles with {z}, {x} and {y}, and {key} where the key goes, "
            "such as https://{switch:a,b}.tiles.example.org/{z}/{x}/{y}.png"
        )
    return text


def _tile_key(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", text):
        raise ValueError("must be letters, digits, - and _, as the provider gave it")
    return text


def _vector_file(text: str) -> Path:
    file = Path(text)
    if not file.is_absolute() or file.suffix != ".pmtiles":
        raise ValueError("must be the absolute path of a .pmtiles file")
    return file


def _ancestors(text: str) -> str:
    sources = [source for source in re.split(r"[\s,]+", text) if source]
    wild = r"https?://(\*\.)?[a-z0-9.-]+(:([0-9]{1,5}|\*))?"
    if sources != ["none"] and (
        bad := [source for source in sources if not re.fullmatch(wild, source, re.IGNORECASE)]
    ):
        raise ValueError(
            f"{', '.join(bad)}: no origin; write https://news.example.cn, https://*.gov.cn, or none alone"
        )
    return " ".join(sources).lower()


def _folder(text: str) -> Path:
    folder = Path(text)
    if not folder.is_absolute():
        raise ValueError("must be the absolute path of a folder")
    return folder


def _networks(text: str) -> str:
    found = [word for word in re.split(r"[\s,]+", text) if word]
    try:
        return " ".join(str(ipaddress.ip_network(word)) for word in found)
    except ValueError as error:
        raise ValueError(f"must be networks such as 127.0.0.0/8 10.20.0.0/16 ({error})") from None


def _log(text: str) -> str:
    return text if text == "stderr" else str(_folder(text))


def _icp(text: str) -> str:
    if not re.fullmatch(r"[\u4e00-\u9fff]ICP备\d{6,10}号(-\d{1,4})?", text):
        raise ValueError("must be as the ministry gave it, such as 青ICP备12345678号-1")
    return text


def _police(text: str) -> str:
    if not re.fullmatch(r"[\u4e00-\u9fff]公网安备\s?\d{14}号?", text):
        raise ValueError("must be as the police gave it, such as 青公网安备 63010202000001号")
    return text


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("must be an ISO moment such as 2026-10-05T12:00+08:00") from None
    # Looked up late: a machine without zone data learns of it from the locked tzdata, which a first check precedes.
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("Asia/Shanghai"))


SETTINGS = (
    Setting(
        "YIZHAN_DATABASE_URL",
        "",
        "Address of a PostGIS database for the application's role. Where it is set, no private cluster is used.",
        "database_url",
        _address,
    ),
    Setting(
        "YIZHAN_OWNER_DATABASE_URL",
        "",
        "The same database for the role that owns the tables; script/server migrates with it. "
        "Where it is not set, the schema must be current already.",
        "owner_database_url",
        _address,
    ),
    Setting(
        "YIZHAN_READ_DATABASE_URL",
        "",
        "A streaming replica of that database, for the application's role: pages and programs that only read ask it.",
        "read_database_url",
        _address,
    ),
    Setting(
        "YIZHAN_REGISTRY",
        "demo",
        "Which registry to open: demo, or a name of your own (as script/server --registry). "
        "With YIZHAN_DATABASE_URL the database is taken as it is unless this is set.",
        "registry",
        _registry,
    ),
    Setting(
        "YIZHAN_PROVINCE",
        "",
        "GB/T 2260 code of the province that a registry of your own begins with (as script/server --province).",
        "province",
        _province,
    ),
    Setting(
        "YIZHAN_HOST",
        "127.0.0.1",
        "Address to listen on; 0.0.0.0 for every network of the machine.",
        "host",
        str,
    ),
    Setting("YIZHAN_PORT", "8000", "Port to listen on.", "port", _whole(1, 65535)),
    Setting("YIZHAN_WORKERS", "2", "Server processes.", "workers", _whole(1, 64)),
    Setting(
        "YIZHAN_SECRET_KEY",
        "made and kept in var/secret-key by script/server",
        "Key that signs sessions, 32 characters or more. The same for every process of one site.",
        "secret_key",
        _secret,
    ),
    Setting(
        "YIZHAN_REVIEW_NUMBER",
        "",
        "The map's review number (审图号). Until it is set, every map says 演示底图，未送审.",
        "review_number",
        str,
    ),
    Setting(
        "YIZHAN_MAP_CREDIT",
        "",
        "Credit of the base map, shown on every map beside our own sources. xyz and pmtiles need one.",
        "map_credit",
        str,
    ),
    Setting(
        "YIZHAN_BASE_MAP",
        "own",
        "What lies under the stations: own (drawn by us, without a network), none, tianditu, tianditu-imagery, "
        "tianditu-terrain, amap, osm, xyz or pmtiles.",
        "base_map",
        _one_of(
            "own", "none", "tianditu", "tianditu-imagery", "tianditu-terrain", "amap", "osm", "xyz", "pmtiles"
        ),
    ),
    Setting(
        "YIZHAN_BASE_MAP_URL",
        "",
        "Address of the tiles of amap (as your contract gives it) or xyz, with {z}, {x}, {y}, {key} where the key goes, "
        "and {switch:a,b,c} for several servers.",
        "base_map_url",
        _tiles,
    ),
    Setting(
        "YIZHAN_BASE_MAP_KEY",
        "",
        "The key for browsers that the provider gave; every reader's browser sees it.",
        "base_map_key",
        _tile_key,
    ),
    Setting(
        "YIZHAN_BASE_MAP_FILE",
        "",
        "The file of pmtiles, by an absolute path; it is served by us.",
        "base_map_file",
        _vector_file,
    ),
    Setting(
        "YIZHAN_BASE_MAP_DATUM",
        "wgs84",
        "Datum of xyz: wgs84 (also CGCS2000) or gcj02. Amap is always gcj02.",
        "base_map_datum",
        _one_of("wgs84", "gcj02"),
    ),
    Setting("YIZHAN_BASE_MAP_ZOOM", "18", "The deepest zoom of amap or xyz.", "base_map_zoom", _whole(1, 22)),
    Setting(
        "YIZHAN_EMBED_ANCESTORS",
        "",
        "Sites that may show /embed in a frame, such as https://news.example.cn https://*.gov.cn, or none. "
        "Where it is not set, every site may.",
        "embed_ancestors",
        _ancestors,
    ),
    Setting(
        "YIZHAN_LANG",
        "zh",
        "Language of pages for readers whose browser asks for none that we have.",
        "lang",
        _language,
    ),
    Setting(
        "YIZHAN_STATEMENT_TIMEOUT_MS",
        "15000",
        "Longest that one database statement of a request may take, in milliseconds.",
        "statement_timeout_ms",
        _whole(100, 600_000),
    ),
    Setting(
        "YIZHAN_PUBLIC_URL",
        "",
        "Where readers reach this site, such as https://map.example.org: it stands on door plates and in what is shared. "
        "Where it is not set, the host that the reader's browser named is taken if it is this machine or in a local network; any other "
        "is refused.",
        "public_url",
        _origin,
    ),
    Setting(
        "YIZHAN_PHOTOS",
        "var/photos/REGISTRY of this folder",
        "Folder that keeps the photos of one registry, by an absolute path. The same for every process of one site.",
        "photos",
        _folder,
    ),
    Setting(
        "YIZHAN_UPLOADS",
        "var/uploads of this folder",
        "Folder that keeps the lists that staff send to be imported, by an absolute path. "
        "The same for every process of one site.",
        "uploads",
        _folder,
    ),
    Setting(
        "YIZHAN_UPLOAD_MAX_MB",
        "64",
        "Megabytes that one list may have.",
        "upload_max_mb",
        _whole(1, 2048),
    ),
    Setting(
        "YIZHAN_STREETS",
        "var/streets/REGISTRY of this folder",
        "Folder that keeps the streets of one registry (yizhan streets load), by an absolute path. The same for every "
        "process of one site.",
        "streets",
        _folder,
    ),
    Setting(
        "YIZHAN_DOWNLOADS",
        "var/downloads/REGISTRY of this folder",
        "Folder in which downloads of one registry are made, and its daily dumps kept, by an absolute path. The same for "
        "every process of one site.",
        "downloads",
        _folder,
    ),
    Setting(
        "YIZHAN_BACKUPS",
        "var/backups/REGISTRY of this folder",
        "Folder in which yizhan backup puts the backups of one registry, by an absolute path: on another disk than the "
        "database.",
        "backups",
        _folder,
    ),
    Setting(
        "YIZHAN_TRUSTED_PROXIES",
        "0",
        "Proxies of your own before this server that write X-Forwarded-For. With 0 that header is not believed.",
        "trusted_proxies",
        _whole(0, 9),
    ),
    Setting(
        "YIZHAN_API_PER_MINUTE",
        "1200",
        "Requests that programs may make in a minute from one network without a key, in each server process. "
        "0 counts nothing.",
        "api_per_minute",
        _whole(0, 1_000_000),
    ),
    Setting(
        "YIZHAN_MONITORS",
        "127.0.0.0/8 ::1/128",
        "Networks whose monitors may read /metrics and the details of /readyz.",
        "monitors",
        _networks,
    ),
    Setting(
        "YIZHAN_LOG",
        "",
        "Where a line of each request is written: stderr, or the absolute path of a folder. Where it is not set, none is.",
        "log",
        _log,
    ),
    Setting(
        "YIZHAN_LOG_ADDRESSES",
        "no",
        "Whether these lines have the reader's network address.",
        "log_addresses",
        _yes_or_no,
    ),
    Setting(
        "YIZHAN_LOG_DAYS", "180", "Days that files of that folder are kept.", "log_days", _whole(1, 3660)
    ),
    Setting(
        "YIZHAN_REPORT_DAYS",
        "0",
        "Days after which words and photo of an answered report are deleted; 0 keeps them.",
        "report_days",
        _whole(0, 3660),
    ),
    Setting(
        "YIZHAN_ICP_NUMBER",
        "",
        "The site's ICP number (ICP 备案号), such as 青ICP备12345678号-1, shown in the foot of public pages.",
        "icp_number",
        _icp,
    ),
    Setting(
        "YIZHAN_POLICE_NUMBER",
        "",
        "Its number at the police (公安备案号), such as 青公网安备 63010202000001号, shown beside it.",
        "police_number",
        _police,
    ),
    Setting(
        "YIZHAN_REPORT_DEVICES",
        "3",
        "Devices that must say the same of a station before readers are told (有人反映).",
        "report_devices",
        _whole(1, 1000),
    ),
    Setting(
        "YIZHAN_REPORT_NETWORKS",
        "2",
        "Networks that these devices must be on, at least.",
        "report_networks",
        _whole(1, 1000),
    ),
    Setting(
        "YIZHAN_REPORT_HOURS",
        "72",
        "Hours within which they must say it; after so many what they are counted by is deleted.",
        "report_hours",
        _whole(1, 240),
    ),
    Setting(
        "YIZHAN_REQUIRE_TWO_FACTOR",
        "",
        "Roles whose holders must log in with a second factor, such as administrator or administrator,editor.",
        "require_two_factor",
        _roles,
    ),
    Setting(
        "YIZHAN_OIDC_ISSUER",
        "",
        "Issuer of OpenID Connect with which staff may log in, such as https://login.example.org/realms/union.",
        "oidc_issuer",
        _issuer,
    ),
    Setting("YIZHAN_OIDC_CLIENT_ID", "", "This site's client at that issuer.", "oidc_client_id", str),
    Setting(
        "YIZHAN_OIDC_CLIENT_SECRET",
        "",
        "The client's secret; without one it is a public client (PKCE is used either way).",
        "oidc_client_secret",
        str,
    ),
    Setting(
        "YIZHAN_OIDC_NAME",
        "",
        "What that log-in is called on its button; 统一身份认证 without it.",
        "oidc_name",
        str,
    ),
    Setting(
        "YIZHAN_OIDC_NEWCOMERS",
        "no",
        "Whether somebody whom the issuer vouches for and nobody added gets an account: without a role until an "
        "administrator gives one.",
        "oidc_newcomers",
        _yes_or_no,
    ),
    Setting(
        "YIZHAN_SMTP_URL",
        "",
        "Mail server that sends one-time links to staff who forgot their password. Needs YIZHAN_PUBLIC_URL.",
        "smtp_url",
        _mail_server,
    ),
    Setting(
        "YIZHAN_MAIL_FROM",
        "yizhan@ the host of YIZHAN_PUBLIC_URL",
        "The sender of those mails.",
        "mail_from",
        str,
    ),
    Setting(
        "YIZHAN_SANDBOX_DATABASE_URL",
        "made by script/server for the demonstration registry",
        "Database of the sandbox: a copy of the demonstration in which anybody may try the desk, at /sandbox.",
        "sandbox_database_url",
        _address,
    ),
    Setting(
        "YIZHAN_CLOCK",
        "",
        "A frozen clock for demonstrations and tests: an ISO moment, in Asia/Shanghai where it names no zone.",
        "clock",
        _moment,
    ),
)
"""Every variable that is read, in the order of the documentation."""
