"""What FCM's answers mean: SDK exception and HTTP answer in, Outcome out. No I/O; machine time is an argument.

A target is given up only where Google says that it, and not the message, is at fault: INVALID_ARGUMENT covers both,
and one bad template must not wipe every target.
"""

from __future__ import annotations

import re
from typing import Any

from firebase_admin import exceptions, messaging

from notifier.adapters.fcm_http import Answer
from notifier.adapters.outgoing import retry_after_s
from notifier.outcome import Outcome, Refused, TargetBarred, TargetGone, TryAgain

QUOTA_WAIT_S = 60.0
_NOT_A_TOKEN = re.compile(
    r"registration token is not a valid|registration token is not valid|invalid registration token", re.IGNORECASE
)
_TARGET_FIELDS = ("message.token", "message.fid")

_ADVICE = {
    "THIRD_PARTY_AUTH_ERROR": "the APNs key or web push key in the Firebase console is missing or wrong: upload it",
    "PERMISSION_DENIED": "the service account may not send: grant it cloudmessaging.messages.create, and enable the "
    "Firebase Cloud Messaging API in its project",
    "UNAUTHENTICATED": "Google does not take a fresh access token: check the service account and this machine's clock",
    "NOT_FOUND": "there is no such Firebase project or endpoint: check the service account's project_id",
    "INVALID_ARGUMENT": "the message is at fault, not the target: check the wording and the channel's settings",
}


def outcome_of(
    error: exceptions.FirebaseError | None, answer: Answer | None, now_s: float, longest_s: float
) -> Outcome:
    """Translate a send that brought no message name."""
    if isinstance(error, messaging.UnregisteredError):
        return TargetGone("UNREGISTERED")
    if isinstance(error, messaging.SenderIdMismatchError):
        return TargetBarred("SENDER_ID_MISMATCH")
    if isinstance(error, messaging.ThirdPartyAuthError):
        return _refused("THIRD_PARTY_AUTH_ERROR", str(error))
    if answer is None:
        return TryAgain(None, "no_answer")
    return _by_status(answer, now_s, longest_s)


def _by_status(answer: Answer, now_s: float, longest_s: float) -> Outcome:
    status = answer.status_code
    asked_s = retry_after_s(answer.headers.get("retry-after"), now_s, longest_s)
    if status == 429:
        return TryAgain(QUOTA_WAIT_S if asked_s is None else asked_s, "quota")
    if status >= 500:
        return TryAgain(asked_s, f"http_{status}")
    if status < 400:
        # A success without a name, or a redirect: something between us and Google answered in its stead.
        return TryAgain(None, "garbled")
    return _client_error(answer)


def _client_error(answer: Answer) -> Outcome:
    error = _error_object(answer)
    code, said = str(error.get("status") or f"HTTP_{answer.status_code}"), str(error.get("message") or "")
    if answer.status_code == 400 and _blames_the_target(error, said):
        return TargetGone("INVALID_TOKEN")
    return _refused(code, said)


def _blames_the_target(error: dict[str, Any], said: str) -> bool:
    if _NOT_A_TOKEN.search(said):
        return True
    violations = [v for detail in _dicts(error.get("details")) for v in _dicts(detail.get("fieldViolations"))]
    return any(v.get("field") in _TARGET_FIELDS and _NOT_A_TOKEN.search(str(v.get("description"))) for v in violations)


def _error_object(answer: Answer) -> dict[str, Any]:
    try:
        error = answer.json().get("error")
    except (ValueError, AttributeError):
        return {}
    return error if isinstance(error, dict) else {}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _refused(code: str, said: str) -> Refused:
    advice = _ADVICE.get(code, "see the FCM error codes in Google's reference")
    return Refused(code, f"FCM said {said[:200]!r}: {advice}")
