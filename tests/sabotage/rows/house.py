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
    row(
        "page-failure-told",
        "A page that fails over the news says so, and tries again",
        "only a store that is away is caught",
        Cut("web/worker.py", "except Exception:  # a page", "except ZeroDivisionError:  # a page"),
        "tests/unit/test_web_feed.py::test_a_feed_that_raises_is_shown_as_lost_and_asked_again",
    ),
    row(
        "page-server-watched",
        "The web stage ends when nobody answers browsers any more",
        "it waits to be stopped, and for nothing else",
        Cut("gomikuru/wiring.py", "server.serve(stop)", "stop.wait()"),
        "tests/flow/test_web_server.py::test_the_web_stage_ends_the_service_when_its_server_dies",
    ),
    row(
        "notifier-failure-told",
        "A notifier that fails says so",
        "its fault is logged only",
        Cut("notifier/worker.py", "self._note(city, failing=True)", "self._note(city)"),
        "tests/flow/test_notifier_worker.py::test_a_worker_that_fails_says_so_until_it_works_again",
    ),
    row(
        "engine-portion",
        "What the engine reads at once is bounded",
        "it reads all that there is",
        Cut(
            "geofence/worker.py",
            "return entries[:fitting]",
            "return self._store.read(keys.events(self._city.id), held.cursor, 10**6, 0)",
        ),
        "tests/flow/test_load_burst.py::test_a_queue_of_an_outage_is_worked_off_with_flat_memory_and_the_right_alerts",
    ),
)
