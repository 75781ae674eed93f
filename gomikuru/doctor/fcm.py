"""Firebase Cloud Messaging: is the service account good, does a send that is only checked go through."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import google.auth.exceptions
import httpx
from firebase_admin.credentials import Certificate

from gomikuru.clocks import machine_ms
from gomikuru.doctor.findings import Finding, clock, error, note, ok
from gomikuru.fcm_account import fcm_account
from gomikuru.settings import Settings
from notifier.adapters.fcm import trust
from notifier.adapters.fcm_settings import service_account
from notifier.adapters.fcm_tokens import TokenRequest
from notifier.ports import ChannelFault

PART = "fcm"
DRY_RUN = {
    "validate_only": True,
    "message": {"topic": "gomikuru-doctor", "data": {"from": "doctor"}, "android": {"ttl": "0s"}},
}
REMEDIES = {
    401: "the token is not taken: check this machine's clock, and that the key was not revoked",
    403: "give the service account the role Firebase Cloud Messaging API Admin, and enable the API in the project",
    404: "the project is not known to FCM: check the service account, and that the API is enabled",
    429: "the project's quota is used up: look at the console",
}


def examine_fcm(settings: Settings) -> Iterator[Finding]:
    """Fetch an access token and ask FCM to check, not send, a message."""
    asked = fcm_account(settings)
    if asked is None:
        yield note(PART, "no service account is set: no pushes go out through FCM", "set fcm.service_account_file")
        return
    try:
        account = service_account(asked)
        client = httpx.Client(verify=trust(asked), proxy=asked.proxy, timeout=asked.timeout_s, trust_env=False)
    except ChannelFault as fault:
        yield error(PART, str(fault), "mend the service account, fcm.proxy or fcm.ca_file")
        return
    except (ValueError, httpx.InvalidURL):
        yield error(PART, "fcm.proxy is not a usable http:// or https:// address", "write http://host:port")
        return
    with client:
        yield from _ask(client, settings, account)


def _ask(client: httpx.Client, settings: Settings, account: dict[str, Any]) -> Iterator[Finding]:
    try:
        credentials: Any = Certificate(account).get_credential()
        credentials.refresh(TokenRequest(client))
    except (google.auth.exceptions.GoogleAuthError, ValueError) as fault:
        remedy = "check this machine's clock, the network or fcm.proxy, and that the key was not revoked"
        yield error(PART, f"no access token from {account['token_uri']}: {_short(fault)}", remedy)
        return
    yield ok(PART, f"the token endpoint knows {account['client_email']}")
    project = account["project_id"]
    url = f"{settings.fcm.url.rstrip('/')}/v1/projects/{project}/messages:send"
    try:
        answer = client.post(url, json=DRY_RUN, headers={"Authorization": f"Bearer {credentials.token}"})
    except httpx.HTTPError as fault:
        remedy = "check fcm.url, the network, fcm.proxy and fcm.ca_file"
        yield error(PART, f"{settings.fcm.url} does not answer: {type(fault).__name__}: {fault}", remedy)
        return
    yield _judged(answer, project)
    if date := answer.headers.get("date"):
        yield clock(PART, settings.fcm.url, _skew_ms(date))


def _judged(answer: httpx.Response, project: str) -> Finding:
    if answer.is_success:
        return ok(PART, f"a message of project {project} was checked and would have been sent")
    remedy = REMEDIES.get(answer.status_code, "try again; if it stays, look at the status page of Firebase")
    return error(PART, f"a message of project {project} was refused: HTTP {answer.status_code}", remedy)


def _skew_ms(date: str) -> int:
    """A Date header is cut to the second: half a second is its expected error."""
    try:
        return int(parsedate_to_datetime(date).timestamp() * 1000) + 500 - machine_ms()
    except ValueError:
        return 0


def _short(fault: Exception) -> str:
    return str(fault.args[0] if fault.args else fault).splitlines()[0][:200] if str(fault) else type(fault).__name__
