"""Web Push, LINE and e-mail: can each be reached, does it take our credentials. Nothing is sent to anybody."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx

from gomikuru.channel_accounts import NOBODY, LineAccount, email_account, line_account, webpush_account
from gomikuru.city_files import load_cities
from gomikuru.doctor.findings import Finding, error, note, ok, warning
from gomikuru.settings import Settings
from notifier.adapters.email import EmailSettings
from notifier.adapters.outgoing import Way, trusting
from notifier.adapters.webpush import WebPushSettings
from notifier.adapters.webpush_keys import vapid_key
from notifier.ports import ChannelFault

WEBPUSH, LINE, EMAIL = "webpush", "line", "email"
_PATIENCE_S = 5.0


def examine_webpush(settings: Settings) -> Iterator[Finding]:
    """Look at the signing key, and knock at the push services that are named in full."""
    asked = webpush_account(settings)
    if asked is None:
        yield note(WEBPUSH, "switched off: browsers are reached through FCM alone, if that")
        return
    yield _key(asked)
    if asked.subject == NOBODY:
        yield warning(WEBPUSH, "webpush.subject is not set: Safari's push service refuses us", "set it to mailto:...")
    try:
        with _client(asked.way) as client:
            for service in asked.services:
                if "*" not in service:
                    yield _knocked(client, service)
    except ChannelFault as fault:
        yield error(WEBPUSH, str(fault), "mend webpush.proxy or webpush.ca_file")


def examine_line(settings: Settings) -> Iterator[Finding]:
    """Ask LINE who we are, and how much of the month is used."""
    try:
        cities, _ = load_cities(settings.cities_dir)
        accounts = [line_account(settings), *(line_account(settings, each.city.id) for each in cities)]
        found = [account for account in accounts if account is not None]
        if not found:
            yield note(LINE, "no token is set: nobody is reached through LINE", "set line.token_file")
        for account in found:
            with _client(account.settings.way) as client:
                yield from _line(client, account)
    except ChannelFault as fault:
        yield error(LINE, str(fault), "mend that file, line.proxy or line.ca_file")


def examine_email(settings: Settings) -> Iterator[Finding]:
    """Connect to the relay, encrypt, log in, and leave."""
    asked = email_account(settings)
    if asked is None:
        yield note(EMAIL, "no relay is set: nobody is reached by e-mail", "set email.host and email.sender")
        return
    try:
        with _relay(asked) as relay:
            relay.noop()
        yield ok(EMAIL, f"{asked.host}:{asked.port} lets us in, {_how(asked)}")
    except smtplib.SMTPAuthenticationError:
        yield error(
            EMAIL, f"{asked.host}:{asked.port} does not take our password", "check email.username, email.password"
        )
    except (smtplib.SMTPException, OSError, ssl.SSLError, ChannelFault) as fault:
        remedy = "check email.host, email.port, email.security, email.ca_file and the network"
        yield error(EMAIL, f"{asked.host}:{asked.port}: {type(fault).__name__}: {fault}", remedy)


def _key(asked: WebPushSettings) -> Finding:
    path: Path = asked.key_file
    if not path.exists():
        return note(WEBPUSH, f"webpush.key_file: {path} is made at the first run", "then put it into the backup")
    try:
        vapid_key(path, asked.subject)
    except ChannelFault as fault:
        return error(WEBPUSH, str(fault), "restore it from the backup: a new one loses every browser")
    if path.stat().st_mode & 0o077:
        return warning(WEBPUSH, f"webpush.key_file: others on this machine can read {path}", f"chmod 600 {path}")
    return ok(WEBPUSH, f"the signing key is in {path}; it belongs into the backup")


def _knocked(client: httpx.Client, service: str) -> Finding:
    address = service if "://" in service else f"https://{service}"
    try:
        client.get(address)
    except httpx.HTTPError as fault:
        remedy = "check the network, webpush.proxy and webpush.ca_file"
        return warning(WEBPUSH, f"{address} does not answer: {type(fault).__name__}", remedy)
    return ok(WEBPUSH, f"{address} answers")


def _line(client: httpx.Client, account: LineAccount) -> Iterator[Finding]:
    name, url = account.settings.account, account.settings.url.rstrip("/")
    headers = {"Authorization": f"Bearer {account.settings.token}"}
    try:
        quota = client.get(f"{url}/v2/bot/message/quota", headers=headers)
        used = client.get(f"{url}/v2/bot/message/quota/consumption", headers=headers)
    except httpx.HTTPError as fault:
        remedy = "check line.url, the network, line.proxy and line.ca_file"
        yield error(LINE, f"account {name}: LINE does not answer: {type(fault).__name__}", remedy)
        return
    if quota.status_code == 401:
        yield error(LINE, f"account {name}: LINE does not take the token", "issue another in LINE's console")
    elif quota.status_code != 200 or used.status_code != 200:
        yield error(LINE, f"account {name}: HTTP {quota.status_code}, {used.status_code}", "look at LINE's status page")
    else:
        yield _budget(name, quota, used)
    if account.secret is None:
        what = f"account {name}: no channel secret, so nothing that LINE tells is believed: nobody can link"
        yield warning(LINE, what, "set line.secret_file")


def _budget(name: str, quota: httpx.Response, used: httpx.Response) -> Finding:
    cap, spent = quota.json().get("value"), int(used.json().get("totalUsage", 0))
    if cap is None:
        return ok(LINE, f"account {name}: {spent:,} messages this month, without a cap")
    what = f"account {name}: {spent:,} of {int(cap):,} messages this month"
    if spent >= 0.9 * int(cap):
        return warning(LINE, what, "homes with another way are told through that; buy more for the others")
    return ok(LINE, what)


def _client(way: Way) -> httpx.Client:
    try:
        timeout_s = min(way.timeout_s, _PATIENCE_S)
        return httpx.Client(verify=trusting(way.ca_file), proxy=way.proxy, timeout=timeout_s, trust_env=False)
    except (ValueError, httpx.InvalidURL) as fault:
        raise ChannelFault("a proxy's address is not usable; write http://host:port") from fault


def _relay(asked: EmailSettings) -> smtplib.SMTP:
    context = trusting(asked.ca_file)
    relay: smtplib.SMTP
    if asked.security == "tls":
        relay = smtplib.SMTP_SSL(asked.host, asked.port, timeout=_PATIENCE_S, context=context)
    else:
        relay = smtplib.SMTP(asked.host, asked.port, timeout=_PATIENCE_S)
    try:
        if asked.security == "starttls":
            relay.starttls(context=context)
        if asked.username and asked.password:
            relay.login(asked.username, asked.password)
    except BaseException:
        relay.close()
        raise
    return relay


def _how(asked: EmailSettings) -> str:
    return {"starttls": "with STARTTLS", "tls": "with TLS", "none": "unencrypted"}[asked.security]
