"""The OAuth token endpoint of the local FCM server: checks the signed JWT grant as Google would, and gives tokens."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from typing import Any
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"
"""What google-auth claims as audience, whatever the account's token_uri is."""
SCOPE = "https://www.googleapis.com/auth/firebase"


class TokenDesk:
    """Gives access tokens to the one service account that it knows."""

    def __init__(self, project: str) -> None:
        self.email = f"sender@{project}.iam.invalid"
        self.lifetime_s = 3600
        self.valid: set[str] = set()
        self.requests: list[float] = []
        self.fail_with: tuple[int, bytes] | None = None
        self.delay_s = 0.0
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._lock = threading.Lock()

    def key_pem(self) -> str:
        """Give the private key as a service-account file holds it."""
        form = serialization.PrivateFormat.PKCS8
        return self._key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """Answer one request for a token."""
        with self._lock:
            self.requests.append(time.monotonic())
        if self.fail_with is not None:
            return self.fail_with
        problem = self._problem(body)
        if problem is not None:
            return 400, json.dumps({"error": "invalid_grant", "error_description": problem}).encode()
        token = "at-" + secrets.token_urlsafe(24)
        with self._lock:
            self.valid.add(token)
        answer = {"access_token": token, "expires_in": self.lifetime_s, "token_type": "Bearer"}
        return 200, json.dumps(answer).encode()

    def revoke_all(self) -> None:
        """Make every token given so far invalid."""
        with self._lock:
            self.valid.clear()

    def takes(self, authorization: str | None) -> bool:
        """Tell whether a request bears a token given here."""
        kind, _, token = (authorization or "").partition(" ")
        return kind == "Bearer" and token in self.valid

    def _problem(self, body: bytes) -> str | None:
        form = parse_qs(body.decode())
        if form.get("grant_type") != [GRANT] or len(form.get("assertion", [])) != 1:
            return "not a JWT grant"
        head, claims, signature = form["assertion"][0].split(".")
        try:
            signed = f"{head}.{claims}".encode()
            self._key.public_key().verify(_decoded(signature), signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return "bad signature"
        return self._claims_problem(json.loads(_decoded(head)), json.loads(_decoded(claims)))

    def _claims_problem(self, head: dict[str, Any], claims: dict[str, Any]) -> str | None:
        now = time.time()
        checks = {
            "alg": head.get("alg") == "RS256",
            "iss": claims.get("iss") == self.email,
            "aud": claims.get("aud") == GOOGLE_AUDIENCE,
            "scope": SCOPE in str(claims.get("scope")).split(),
            "iat": claims.get("iat", now) <= now + 5,
            "exp": now < claims.get("exp", 0) <= now + 3600 + 5,
        }
        wrong = [name for name, right in checks.items() if not right]
        return f"wrong: {', '.join(wrong)}" if wrong else None


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
