"""The typed settings, section by section, and `load`, which reads them; their values stand in config/default.toml.

A field's description is its documentation: docs/settings.md is written from it. Secrets are SecretStr, never shown.
Longer than most files: it is one table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from gomikuru import places
from gomikuru.city_files.hours import minutes_of, weekdays_of, window_of
from gomikuru.settings_sources import Problem, SettingsError, Sources
from model.times import parse_rfc3339

__all__ = ["Settings", "SettingsError", "load", "plain", "shown"]


def _no_password(url: str) -> str:
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise ValueError("the address holds a user or password; write these under username, password or password_file")
    return url


def _broker_url(url: str) -> str:
    parts = _split(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("not a broker's address; it looks like mqtts://broker.example:8883")
    return url


def _store_url(url: str) -> str:
    parts = _split(url)
    if parts.scheme == "unix" and parts.path:
        return url
    if parts.scheme.removesuffix("+cluster") not in ("redis", "rediss") or not parts.hostname:
        raise ValueError("not a store's address; it looks like rediss://store.example:6379, or rediss+cluster://...")
    return url


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("the address cannot be read; its port is a number from 1 to 65535") from None
    return parts


def _host_name(text: str) -> str:
    if not re.fullmatch(r"(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", text):
        raise ValueError("not a host's name; it looks like trucks.example or *.example, without https:// and port")
    return text


def _listed(value: object) -> object:
    """Let a list be written with commas, as the environment must."""
    return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(value, str) else value


def _hours(text: str) -> str:
    if window_of(text) is None:
        raise ValueError("no hours of a day; they look like 06:00-18:00")
    return text


def _days(text: str) -> str:
    if weekdays_of(text) is None:
        raise ValueError("no weekdays; they look like mon,tue,wed,thu,fri")
    return text


def _clock_time(text: str) -> str:
    if minutes_of(text) is None:
        raise ValueError("no time of day; it looks like 02:30")
    return text


def _subject(text: str) -> str:
    if not re.fullmatch(r"mailto:[^@\s]+@[^@\s]+\.[^@\s]+|https://[\w-]+(\.[\w-]+)+", text):
        raise ValueError("no contact; it looks like mailto:it@city.example or https://city.example, without a path")
    return text


def _sender(text: str) -> str:
    if not re.fullmatch(r"[^\s@<>]{1,64}@[A-Za-z0-9.-]{1,253}", text):
        raise ValueError("no address; it looks like gomi@city.example")
    return text


def _instant(text: str) -> str:
    parse_rfc3339(text)
    return text


def _web_url(url: str) -> str:
    parts = _split(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("not a site's address; it looks like https://gomi.example")
    return url.rstrip("/")


def _rate(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,8}/(second|minute|hour|day)", text):
        raise ValueError("not how often; it looks like 60/minute, with second, minute, hour or day")
    return text


Port = Annotated[int, Field(ge=0, le=65535)]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
Url = Annotated[str, AfterValidator(_no_password)]
HostName = Annotated[str, AfterValidator(_host_name)]
Rate = Annotated[str, AfterValidator(_rate)]


class Section(BaseModel):
    """What all sections share: no unknown keys, no changes, no surprises in a repr."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Broker(Section):
    """Where trucks speak: the MQTT broker, as ingest and the simulator reach it."""

    url: Annotated[Url, AfterValidator(_broker_url)] = Field(
        description="Address: mqtt://host:1883, or mqtts:// with TLS"
    )
    username: str | None = Field(None, description="User of the ingest stage at the broker")
    password: SecretStr | None = Field(None, description="Its password")
    password_file: Path | None = Field(None, description="A file that holds the password, instead of `password`")
    ca_file: Path | None = Field(None, description="Certificate authority (PEM) to trust; the system's where absent")
    cert_file: Path | None = Field(None, description="Client certificate (PEM), where the broker asks for one")
    key_file: Path | None = Field(None, description="Private key (PEM) of the client certificate")
    client_id: str = Field(
        min_length=1,
        pattern=r"^[^.\s]+$",
        description="Name of the session; one each process that reads (no dot, no space)",
    )
    protocol: Literal["5", "3.1.1"] = Field(description="MQTT version; NATS and the embedded broker speak 3.1.1 only")
    share_group: str | None = Field(
        None, description="Shares the load among ingest processes (`$share`, MQTT 5); same in all"
    )
    receive_maximum: Annotated[int, Field(ge=1, le=65535)] = Field(
        description="Messages received and not yet acknowledged"
    )
    keepalive_s: Annotated[int, Field(ge=5, le=3600)] = Field(
        description="Seconds of silence after which a link is tested"
    )
    session_expiry_s: Annotated[int, Field(ge=0, le=4294967295)] = Field(
        description="How long the broker keeps the session of an absent ingest (MQTT 5); 0 would lose pings"
    )
    queue_max: Count = Field(
        description="Messages that ingest holds in memory before it stops reading; 64 MiB fill it too"
    )

    @property
    def tls(self) -> bool:
        """Tell whether the connection is encrypted."""
        return urlsplit(self.url).scheme == "mqtts"

    @property
    def host(self) -> str:
        """Name the broker's host."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Tell the broker's port: 1883, or 8883 with TLS, where the address has none."""
        return urlsplit(self.url).port or (8883 if self.tls else 1883)


class Store(Section):
    """What keeps streams and state: Valkey or Redis, one server, a primary with replicas, or a cluster."""

    url: Annotated[Url, AfterValidator(_store_url)] = Field(
        description="Address: redis://host:6379/0, rediss:// with TLS, redis+cluster://, rediss+cluster://, unix:///path"
    )
    username: str | None = Field(None, description="User at the store (ACL); the default user where absent")
    password: SecretStr | None = Field(None, description="Its password")
    password_file: Path | None = Field(None, description="A file that holds the password, instead of `password`")
    ca_file: Path | None = Field(None, description="Certificate authority (PEM) to trust; the system's where absent")
    cert_file: Path | None = Field(None, description="Client certificate (PEM), where the store asks for one")
    key_file: Path | None = Field(None, description="Private key (PEM) of the client certificate")
    timeout_s: Seconds = Field(description="Seconds after which an unanswered command counts as lost")
    wait_replicas: Annotated[int, Field(ge=0)] = Field(
        description="Replicas that must have a write before it counts (WAIT)"
    )
    wait_ms: Count = Field(description="Milliseconds to wait for them")


class Embedded(Section):
    """Servers that Gomikuru starts and stops itself; only when switched on here, never because one was found."""

    store: bool = Field(description="Start an embedded Valkey, instead of `store.url`")
    broker: bool = Field(description="Start an embedded NATS with its MQTT listener, instead of `broker.url`")
    data_dir: Path = Field(description="Folder of their data; one running instance a folder")
    appendfsync: Literal["always", "everysec", "no"] = Field(
        description="When Valkey writes to the disk; only `always` keeps every answered write through a crash"
    )
    store_port: Port = Field(description="Port of the embedded store on 127.0.0.1; 0: any free one")
    broker_host: str = Field(
        description="Address on which trucks reach the embedded broker; 127.0.0.1: this machine only"
    )
    broker_port: Port = Field(
        description="Port of the embedded broker; 0: any free one, so fix it where real trucks speak"
    )
    broker_cert_file: Path | None = Field(None, description="Certificate (PEM) of the embedded broker, for mqtts://")
    broker_key_file: Path | None = Field(None, description="Private key (PEM) of that certificate")
    broker_users_file: Path | None = Field(
        None, description="NATS users file with the trucks' credentials; `gomikuru trucks add` writes it"
    )
    start_timeout_s: Seconds = Field(description="Seconds within which a server must answer")


class Ingest(Section):
    """From bytes to pings."""

    late_after_s: Seconds = Field(
        description="A fix received later than this after it was taken is history, never an alert"
    )
    future_after_s: Seconds = Field(description="A fix further ahead of the clock than this is refused")
    batch_max: Count = Field(description="Pings that one append may carry")
    quarantine_max: Count = Field(description="Refused payloads kept for `gomikuru quarantine`, for each city")


class Geofence(Section):
    """From events to alerts."""

    batch_max: Count = Field(description="Events that one step may take")
    lease_ms: Annotated[int, Field(ge=1000)] = Field(
        description="How long a worker that died keeps a city from the others"
    )
    tick_s: Seconds = Field(
        description="Seconds of service time between two ticks, which notice silence and time passing"
    )


class Notifier(Section):
    """From alerts to pushes."""

    concurrency: Count = Field(description="Pushes under way at once")
    batch_max: Count = Field(description="Alerts taken from the queue at once")
    max_tries: Count = Field(description="Deliveries of one alert before it becomes a dead letter")
    reclaim_after_s: Seconds = Field(
        description="After this an alert that another worker took and never finished is taken over"
    )
    outcomes_max: Count = Field(description="Outcomes of pushes kept, for each city")
    pages_max: Annotated[int, Field(ge=0)] = Field(
        description="Messages for open pages kept, for each city; 0: pages are told nothing"
    )


class Archive(Section):
    """What is kept of past days: pings (where vehicles were: personal data of their drivers) and decided alerts."""

    enabled: bool = Field(description="Keep an archive; leads in minutes are learned from it every night")
    dir: Path = Field(description="Its folder, readable by its owner only: CITY/pings/YYYY-MM-DD.csv.gz and so on")
    every_s: Seconds = Field(description="Seconds between two looks for what is new")
    keep_days: Annotated[int, Field(ge=1, le=3660)] = Field(description="Days after which files are deleted")
    max_mb: Count = Field(description="Megabytes of one city beyond which its oldest days are deleted")
    hold_events: Count = Field(
        description="Events (and alerts) that may wait in the store for the archive; beyond them the oldest are lost"
    )


class Learn(Section):
    """Learning every night from the archive."""

    enabled: bool = Field(description="Make each city's profile.bin anew every night")
    at: Annotated[str, AfterValidator(_clock_time)] = Field(description="When, local time of the city")
    days: Annotated[int, Field(ge=1, le=3660)] = Field(description="From how many of the newest days of the archive")
    warn_after_days: Annotated[float, Field(gt=0)] = Field(
        description="Days of nothing but failures after which /health and `doctor` say so"
    )

    @property
    def at_min(self) -> int:
        """Tell the time as minutes after local midnight."""
        return minutes_of(self.at) or 0


class Reminders(Section):
    """Reminders of collections, the evening before or in the morning."""

    enabled: bool = Field(description="Send the reminders that homes ask for; cities without calendar.csv have none")
    spread_min: Annotated[float, Field(ge=0, le=120)] = Field(
        description="Minutes over which the reminders of one time of day are spread"
    )
    grace_min: Annotated[float, Field(gt=0, le=1440)] = Field(
        description="Minutes after which a reminder that could not be handed on is left out"
    )
    rescan_s: Seconds = Field(description="Seconds of service time after which subscriptions are read anew")
    piece: Count = Field(description="Reminders handed on at once")
    most_waiting: Count = Field(
        description="Alerts before the notifier beyond which reminders wait: calls to the truck go before them"
    )
    lease_ms: Annotated[int, Field(ge=1000)] = Field(
        description="How long a worker that died keeps a city's reminders from the others"
    )


class Fcm(Section):
    """Firebase Cloud Messaging. Without a service account the channel is off."""

    service_account_file: Path | None = Field(None, description="Service account of the Firebase project (JSON file)")
    service_account_json: SecretStr | None = Field(None, description="The same as text, instead of the file")
    url: Url = Field(description="Address of the FCM service; changed for tests only")
    ca_file: Path | None = Field(None, description="Certificate authority (PEM) to trust, e.g. of an inspecting proxy")
    proxy: SecretStr | None = Field(None, description="Outgoing HTTP proxy, http://[user:password@]host:port; masked")
    http_timeout_s: Seconds = Field(description="Seconds after which one call to FCM is given up")

    @property
    def configured(self) -> bool:
        """Tell whether pushes can go out through FCM."""
        return self.service_account_json is not None


class WebPush(Section):
    """Web Push to browsers, without any account (VAPID). On by default; browsers want the page over HTTPS."""

    enabled: bool = Field(description="Send through the push services of the browsers' makers")
    key_file: Path = Field(
        description="The key that signs pushes (PEM), made at the first run with mode 600; the same in all processes."
        " Whoever loses it loses every browser"
    )
    subject: Annotated[str, AfterValidator(_subject)] | None = Field(
        None, description="Whom a push service asks when something is wrong: mailto:... or https://...; Apple insists"
    )
    services: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        description="Push services that may be sent to, since who subscribes chooses the address: host, *.host, or an"
        " origin in full (environment: commas)"
    )
    ca_file: Path | None = Field(None, description="Certificate authority (PEM) to trust, e.g. of an inspecting proxy")
    proxy: SecretStr | None = Field(None, description="Outgoing HTTP proxy, http://[user:password@]host:port; masked")
    http_timeout_s: Seconds = Field(description="Seconds after which one call to a push service is given up")


class Line(Section):
    """LINE Messaging API. Without a token the channel is off."""

    token: SecretStr | None = Field(None, description="Channel access token of the account that all cities share")
    token_file: Path | None = Field(None, description="A file that holds it, instead of `token`")
    secret: SecretStr | None = Field(None, description="Channel secret, with which LINE signs what it tells")
    secret_file: Path | None = Field(None, description="A file that holds it, instead of `secret`")
    add_url: str | None = Field(None, description="Address under which residents add the account: https://lin.ee/...")
    accounts_dir: Path | None = Field(
        None, description="Folder with CITY.toml (token, secret, add_url) of cities that have an account of their own"
    )
    url: Url = Field(description="Address of the Messaging API; changed for tests only")
    ca_file: Path | None = Field(None, description="Certificate authority (PEM) to trust, e.g. of an inspecting proxy")
    proxy: SecretStr | None = Field(None, description="Outgoing HTTP proxy, http://[user:password@]host:port; masked")
    http_timeout_s: Seconds = Field(description="Seconds after which one call to LINE is given up")


class Email(Section):
    """E-mail through a relay (SMTP). Without a host the channel is off."""

    host: str | None = Field(None, description="The relay's name")
    port: Port = Field(description="Its port: 587 with STARTTLS, 465 with TLS from the start")
    security: Literal["starttls", "tls", "none"] = Field(description="`none` only for a relay on this machine")
    username: str | None = Field(None, description="User at the relay, where it asks for one")
    password: SecretStr | None = Field(None, description="Its password")
    password_file: Path | None = Field(None, description="A file that holds the password, instead of `password`")
    sender: Annotated[str, AfterValidator(_sender)] | None = Field(
        None, description="Address that letters come from; its domain's SPF and DKIM must allow the relay"
    )
    sender_name: str = Field(description="Name beside it")
    ca_file: Path | None = Field(None, description="Certificate authority (PEM) to trust, where the relay has its own")
    timeout_s: Seconds = Field(description="Seconds after which one step of a letter is given up")


class Web(Section):
    """The pages that people open."""

    host: str = Field(
        description="Address on which to listen; 127.0.0.1: this machine only (put a TLS proxy before it)"
    )
    port: Port = Field(description="Port; 0: any free one")
    hosts: Annotated[tuple[HostName, ...], BeforeValidator(_listed)] = Field(
        description="Further names for browsers, such as a proxy gives: trucks.example, *.example (environment: commas)"
    )


class Public(Section):
    """The listener for residents: their page, the API, the calendar feeds. Push and sign-up need HTTPS."""

    enabled: bool = Field(description="Run the stage `public` along with the others")
    host: str = Field(description="Address on which to listen; 127.0.0.1: this machine only")
    port: Port = Field(description="Port; 0: any free one")
    hosts: Annotated[tuple[HostName, ...], BeforeValidator(_listed)] = Field(
        description="Names by which residents reach it, such as gomi.example (environment: commas)"
    )
    base_url: Annotated[Url, AfterValidator(_web_url)] | None = Field(
        None, description="Its address for residents, https://gomi.example; for links in messages and on the calendar"
    )
    cert_file: Path | None = Field(
        None, description="Certificate (PEM), to serve HTTPS; else put a TLS proxy before it"
    )
    key_file: Path | None = Field(None, description="Private key (PEM) of the certificate")
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = Field(
        description="How many proxies stand before it, whose X-Forwarded-For tells who asks; 0: nobody's is believed"
    )
    origins: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        description="Origins of other sites and apps whose scripts may call the API (CORS), https://app.example"
    )
    reports_max: Count = Field(description="Reports of residents kept, for each city")


class Rates(Section):
    """How often one address or one home may ask the public API, for each process; as `60/minute`, `20/hour`."""

    address: Rate = Field(description="Requests of one address (IPv6: of one /64 network)")
    device: Rate = Field(description="Requests with one home key")
    searches: Rate = Field(description="Searches for places of one address")
    sign_ups: Rate = Field(description="Sign-ups of one address; a school or an office is one address")
    codes: Rate = Field(description="Link and recovery codes that one address may try")
    wrong_codes: Rate = Field(description="Wrong codes of a whole city, after which nobody may try one for a while")


class Privacy(Section):
    """Residents' data: the key that seals their devices' addresses, and how long they are kept."""

    key_file: Path = Field(
        description="The master key, made at the first run, mode 600. Back it up apart from the store: without it "
        "devices are lost, with it they can be read"
    )
    keys_dir: Path | None = Field(None, description="Folder with CITY.key for cities that hold a key of their own")
    unseen_days: Annotated[int, Field(ge=0, le=3660)] = Field(
        description="Days without a visit after which a home that signed up itself is warned; 0: never"
    )
    warned_days: Annotated[int, Field(ge=7, le=365)] = Field(
        description="Days after the warning on which a home that still nobody looks after is erased"
    )


class Metrics(Section):
    """A listener of its own for /metrics (Prometheus), /live, /ready and /health."""

    host: str = Field(description="Address on which to listen")
    port: Port = Field(description="Port; 0: any free one")


class Watch(Section):
    """What counts as trouble on /health, /ready and in the log."""

    no_pings_after_s: Seconds = Field(
        description="Seconds of service time without any ping of a city in service before the alarm"
    )
    service_hours: Annotated[str, AfterValidator(_hours)] = Field(
        description="When trucks are at work, local time; the end may lie after midnight, as 22:00-26:30"
    )
    service_days: Annotated[str, AfterValidator(_days)] = Field(
        description="Weekdays on which they are; a city's calendar.csv narrows them to its collection days"
    )
    stalled_after_s: Seconds = Field(description="Seconds without a turn of a stage's loop before it counts as dead")
    behind_events: Count = Field(description="Events not yet decided that make the engine `behind`")
    behind_s: Seconds = Field(description="Seconds that the oldest of them may wait before it is")


class Clock(Section):
    """Service time: what is late, quiet, useful. Anything but `system` is for demonstrations and replays."""

    kind: Literal["system", "scaled", "driven"] = Field(
        description="The machine's clock, one that runs faster, or one driven by events"
    )
    factor: Annotated[float, Field(gt=0, le=10000)] = Field(description="How much faster a scaled clock runs")
    starts_at: Annotated[str, AfterValidator(_instant)] | None = Field(
        None, description="Where a scaled or driven clock begins, RFC 3339; now where absent"
    )


class Log(Section):
    """What is written to standard error."""

    format: Literal["json", "console", "auto"] = Field(description="`auto`: readable on a terminal, JSON elsewhere")
    level: Literal["debug", "info", "warning", "error"] = Field(description="The least important level that is written")


class Settings(Section):
    """Everything that can be set."""

    cities_dir: Path = Field(
        description="Folder that holds one folder a city (city.toml, trucks.csv, zones.geojson, ...)"
    )
    broker: Broker
    store: Store
    embedded: Embedded
    ingest: Ingest
    geofence: Geofence
    notifier: Notifier
    archive: Archive
    learn: Learn
    reminders: Reminders
    fcm: Fcm
    webpush: WebPush
    line: Line
    email: Email
    web: Web
    public: Public
    rates: Rates
    privacy: Privacy
    metrics: Metrics
    watch: Watch
    clock: Clock
    log: Log


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the shipped defaults, then a file, then the environment; raise SettingsError with all problems at once.

    Without `path`, the variable GOMIKURU_CONFIG may name the file.
    """
    named = path or (Path(environ["GOMIKURU_CONFIG"]) if environ.get("GOMIKURU_CONFIG") else None)
    sources = Sources(Settings, environ.get("CREDENTIALS_DIRECTORY", ""))
    sources.add_file(places.default_settings(), base=Path.cwd())
    if named:
        sources.add_file(named, base=named.resolve().parent)
    sources.add_environment(environ)
    sources.read_secret_files()
    try:
        settings = Settings.model_validate(sources.merged)
    except ValidationError as error:
        problems = [sources.problem(details) for details in error.errors(include_url=False, include_input=False)]
        raise SettingsError([*sources.problems, *problems]) from None
    problems = [*sources.problems, *_disagreements(settings)]
    if problems:
        raise SettingsError(problems)
    return settings


def plain(secret: SecretStr | None) -> str | None:
    """Give a secret's text, for whoever has to hand it over; None where none is set."""
    return secret.get_secret_value() if secret else None


def shown(settings: BaseModel, prefix: str = "") -> Iterator[tuple[str, str]]:
    """List every key with its value as it may be shown; secrets are stars."""
    for name in type(settings).model_fields:
        value: Any = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from shown(value, f"{prefix}{name}.")
        else:
            yield prefix + name, "-" if value is None else str(value)


def _disagreements(settings: Settings) -> Iterator[Problem]:
    """Tell which settings are well formed, and do not go together."""
    for name in ("broker", "store"):
        section: Broker | Store = getattr(settings, name)
        if (section.cert_file is None) != (section.key_file is None):
            yield Problem(
                "settings",
                f"{name}.cert_file",
                "comes without its key, or the key without it",
                "set both cert_file and key_file",
            )
    if (settings.public.cert_file is None) != (settings.public.key_file is None):
        yield Problem("settings", "public.cert_file", "comes without its key, or the key without it", "set both")
    if (settings.embedded.broker_cert_file is None) != (settings.embedded.broker_key_file is None):
        yield Problem(
            "settings", "embedded.broker_cert_file", "comes without its key, or the key without it", "set both"
        )
    if settings.email.host and not settings.email.sender:
        yield Problem("settings", "email.sender", "is missing, and email.host is set", "say where letters come from")
    if settings.email.security == "none" and settings.email.password:
        yield Problem("settings", "email.security", "would send the password unencrypted", "set starttls or tls")
    if settings.broker.share_group and settings.broker.protocol != "5":
        yield Problem("settings", "broker.share_group", "needs MQTT 5", 'set broker.protocol = "5", or remove it')
    if settings.broker.share_group and settings.embedded.broker:
        yield Problem("settings", "broker.share_group", "the embedded broker cannot share", "remove it")
