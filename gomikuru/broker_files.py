"""The text forms of the brokers' files: site values, Mosquitto's password and ACL entries, NATS's users.

Pure: texts in, texts out; salts are arguments. Topics come in as MQTT writes them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence

import bcrypt

MOSQUITTO_SALT_BYTES = 12
NATS_SALT_BYTES = 16
_MOSQUITTO_ITERATIONS = 101
_BCRYPT_COST = "08"
_STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BCRYPT = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_NATS_USER = r'^\s*\{user: ("(?:[^"\\]|\\.)*")'
EMPTY_NATS_USERS = """\
authorization {
  users = [
  ]
}
"""


def with_site_values(text: str, values: Mapping[str, str], tls: bool = False) -> str:
    """Change the site values of config/mosquitto.conf (`key value`) or config/nats.conf (`key = value`).

    Values are written as they are given: quote strings for NATS. With `tls` the lines marked `#tls` count too, and may
    be changed. Raise KeyError for a value that the file does not have.
    """
    if tls:
        text = re.sub(r"^(\s*)#tls ?", r"\1", text, flags=re.MULTILINE)
    for key, value in values.items():
        pattern = re.compile(rf"^(\s*{re.escape(key)})( = | |: )\S.*$", re.MULTILINE)
        text, found = pattern.subn(lambda match, value=value: f"{match[1]}{match[2]}{value}", text, count=1)  # type: ignore[misc]
        if not found:
            raise KeyError(f"the broker's configuration has no line {key!r} to change")
    return text


def mosquitto_password(user: str, password: str, salt: bytes) -> str:
    """Write a line of Mosquitto's password file: PBKDF2-SHA512, never the password itself."""
    hashed = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _MOSQUITTO_ITERATIONS)
    salt_text, hash_text = (base64.b64encode(part).decode() for part in (salt, hashed))
    return f"{user}:$7${_MOSQUITTO_ITERATIONS}${salt_text}${hash_text}\n"


def mosquitto_acl(user: str, writes: Sequence[str], reads: Sequence[str] = ()) -> str:
    """Write a user's entry of Mosquitto's ACL file."""
    lines = [f"topic write {topic}" for topic in writes] + [f"topic read {topic}" for topic in reads]
    return "\n".join([f"user {user}", *lines]) + "\n"


def mosquitto_users(text: str) -> set[str]:
    """Name the users of a Mosquitto password file."""
    return {line.partition(":")[0] for line in text.splitlines() if ":" in line}


def without_mosquitto_password(text: str, user: str) -> str:
    """Take a user's line out of a Mosquitto password file."""
    return "".join(line for line in text.splitlines(keepends=True) if line.partition(":")[0] != user)


def without_mosquitto_acl(text: str, user: str) -> str:
    """Take a user's entry out of Mosquitto's ACL file; comments, patterns and other users stay."""
    kept: list[str] = []
    within = False
    for line in text.splitlines(keepends=True):
        word, _, name = line.strip().partition(" ")
        if word == "user":
            within = name.strip() == user
            if within and kept and not kept[-1].strip():
                kept.pop()
        if not (within and word in ("user", "topic")):
            kept.append(line)
    return "".join(kept)


def nats_subjects(topic: str) -> list[str]:
    """Turn an MQTT topic or filter into the NATS subjects that it covers; `a/#` covers `a` too."""
    if topic.endswith("/#"):
        return [_subject(topic[:-2]), _subject(topic[:-2]) + ".>"]
    return [">"] if topic == "#" else [_subject(topic)]


def nats_user(user: str, password: str, salt: bytes, writes: Sequence[str], reads: Sequence[str] = ()) -> str:
    """Write a user of NATS's users file, one line: bcrypt, MQTT only, and just these topics."""
    hashed = bcrypt.hashpw(password.encode(), _bcrypt_salt(salt)).decode()
    publish = _permission([subject for topic in writes for subject in nats_subjects(topic)])
    subscribe = _permission([subject for topic in reads for subject in nats_subjects(topic)])
    return (
        f'    {{user: {_quoted(user)}, password: "{hashed}", allowed_connection_types: ["MQTT"],'
        f" permissions: {{publish: {publish}, subscribe: {subscribe}}}}}\n"
    )


def nats_users(text: str) -> set[str]:
    """Name the users of a NATS users file."""
    return {json.loads(name) for name in re.findall(_NATS_USER, text, re.MULTILINE)}


def without_nats_user(text: str, user: str) -> str:
    """Take a user's line out of a NATS users file."""
    return "".join(line for line in text.splitlines(keepends=True) if nats_users(line) != {user})


def with_nats_user(text: str, line: str) -> str:
    """Add a user's line to a NATS users file (empty text: a new one); raise ValueError where it has no list."""
    text = text if text.strip() else EMPTY_NATS_USERS
    closing = re.search(r"^[ \t]*\][ \t]*$", text, re.MULTILINE)
    if "users = [" not in text or closing is None:
        raise ValueError("expected authorization { users = [ ... ] } with the closing ] on a line of its own")
    return text[: closing.start()] + line + text[closing.start() :]


def cannot_stand_in_topics(name: str) -> str | None:
    """Tell the first character of a name that some broker cannot carry in a topic, a user name or an ACL, or None."""
    return next((sign for sign in name if sign in '/+#*>:$"\\' or not sign.isprintable() or sign.isspace()), None)


def _subject(topic: str) -> str:
    levels = [level.replace(".", "//") for level in topic.split("/")]
    return ".".join("*" if level == "+" else level for level in levels)


def _permission(subjects: Collection[str]) -> str:
    listed = ", ".join(_quoted(subject) for subject in dict.fromkeys(subjects))
    return f"{{allow: [{listed}]}}" if subjects else '{deny: ">"}'


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _bcrypt_salt(salt: bytes) -> bytes:
    text = base64.b64encode(salt).decode().rstrip("=").translate(str.maketrans(_STANDARD, _BCRYPT))
    return f"$2a${_BCRYPT_COST}${text}".encode()
