"""Sabotage of what stands around the rooms: secrets, the disk behind an answer, brokers' own settings."""

from __future__ import annotations

from tests.sabotage.row import Cut, row

EMBEDDED = "tests/contract/test_embedded_servers.py::"
LOGS = "tests/unit/test_house_logs.py::"

ROWS = (
    row(
        "secrets-by-name",
        "A secret is stars in the log",
        "values under a secret's name are written",
        Cut("gomikuru/logs.py", "    if SECRET_KEYS.search(key):\n", "    if key is None:\n"),
        LOGS + "test_a_secret_is_stars_wherever_it_stands",
    ),
    row(
        "secrets-in-addresses",
        "A password inside an address is stars in the log",
        "addresses are written as they are",
        Cut("gomikuru/logs.py", '        return _IN_URL.sub(f"{STARS}@", value)\n', "        return value\n"),
        LOGS + "test_a_secret_is_stars_wherever_it_stands",
    ),
    row(
        "secrets-in-settings",
        "No secret shows in a repr or a dump of the settings",
        "the service account is a plain text",
        Cut("gomikuru/settings.py", "service_account_json: SecretStr | None", "service_account_json: str | None"),
        "tests/unit/test_settings.py::test_no_secret_shows_in_a_repr_a_dump_or_the_list_for_people",
    ),
    row(
        "target-masked",
        "A target never shows in a repr",
        "it shows",
        Cut(
            "model/subscription.py",
            'f"Target({self.kind.value}, masked)"',
            'f"Target({self.kind.value}, {self.value})"',
        ),
        "tests/contract/test_fcm_outcomes.py::test_an_outcome_never_shows_the_target",
    ),
    row(
        "broker-password-masked",
        "The broker's password never shows in a repr",
        "it shows",
        Cut("ingest/adapters/mqtt_options.py", "password=masked)", "password={self.password})"),
        "tests/contract/test_broker_mqtt.py::test_options_never_show_the_password",
    ),
    row(
        "embedded-store-on-disk",
        "What the embedded store answered survives a crash",
        "nothing is written to the disk before an answer, or after",
        Cut("gomikuru/embedded_config.py", '"appendonly yes",', '"appendonly no",'),
        EMBEDDED + "test_what_the_store_answered_survives_a_crash_and_it_comes_back_by_itself",
    ),
    row(
        "broker-queue",
        "A broker keeps what trucks send while ingest is away",
        "Mosquitto's own bound of 1,000 messages is left in force",
        Cut("config/mosquitto.conf", "max_queued_messages 0", "max_queued_messages 1000"),
        "tests/contract/test_broker_mqtt.py::"
        "test_five_thousand_published_while_ingest_is_away_are_five_thousand[Mosquitto-5]",
    ),
    row(
        "tls-trust",
        "A broker of another authority is not trusted",
        "certificates are not verified",
        Cut(
            "ingest/adapters/mqtt_options.py",
            "        context.sslsocket_class",
            "        context.check_hostname = False\n"
            "        context.verify_mode = ssl.CERT_NONE\n"
            "        context.sslsocket_class",
        ),
        "tests/contract/test_broker_mqtt.py::test_a_broker_of_another_authority_is_not_trusted",
    ),
)
