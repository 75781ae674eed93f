"""The API's own description, turned against it: schemathesis asks what the OpenAPI allows, and what it forbids."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from streams.redis_streams import RedisStore
from tests.support.public import BROWSER, HOME, Public
from tests.support.stores import ValkeyServer, emptied
from web.api.forms import DeviceForm, HomeForm, PlaceQuery
from web.api.openapi import describe
from web.api.operations import OPERATIONS, Operation

SECRET = "hanako-no-himitsu@example.jp"
EXAMPLES = 25
GOOD = {HomeForm: HOME, DeviceForm: BROWSER, PlaceQuery: {"q": "稲穂"}}
"""Forms that are kept; what schemathesis makes is laid over them, a few fields at a time."""
UNGUESSABLE = ("/window", "/devices/{id}", "/test", "/links", "/recover", "/not_collected", "/calendar")
"""Operations that need what nobody can guess: a device's id, a code, a place, a day on which something is due."""


@pytest.fixture(scope="module")
def public(valkey_server: ValkeyServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    emptied(valkey_server)
    store = RedisStore.at(valkey_server.url)
    with Public(store, tmp_path_factory.mktemp("public")).serving() as served:
        yield served
    store.close()


@pytest.fixture(scope="module")
def victim(public: Public) -> str:
    """A home that is not the asker's, with devices."""
    key: str = public.sign_up()["key"]
    public.ask("POST", "sample/home/devices", key, {"kind": "email", "value": SECRET})
    public.ask("POST", "sample/home/devices", key, BROWSER)
    return key


DESCRIBED = schemathesis.openapi.from_dict(describe("test"))
OFTEN = st.sampled_from([True, True, False])
MODES = st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


def cases(operation: Operation) -> st.SearchStrategy[schemathesis.Case]:
    """Requests that the description allows, and some that it forbids."""
    described = DESCRIBED[operation.path][operation.method]
    return MODES.flatmap(lambda mode: described.as_strategy(generation_mode=mode))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_nothing_that_is_sent_breaks_the_api_or_makes_it_tell(
    operation: Operation, public: Public, victim: str
) -> None:
    """No 500, no answer that the description does not know, and nothing of a home that is not the asker's."""
    mine = [public.sign_up()["key"]]
    seen: set[int] = set()

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(cases(operation), OFTEN, OFTEN, st.sampled_from([0, 0, 0, 1, 2, 4, 9]))
    def ask(case: schemathesis.Case, ours: bool, known: bool, kept: int) -> None:
        if ours and "city" in case.path_parameters:
            case.path_parameters["city"] = "sample"
        if ours and operation.body in GOOD and isinstance(case.body, dict):
            case.body = {**GOOD[operation.body], **dict(list(case.body.items())[:kept])}
        if known:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {mine[0]}"}
        answer = case.call(base_url=public.server.url.rstrip("/"))
        case.validate_response(answer, checks=CHECKS)
        seen.add(answer.status_code)
        for secret in (SECRET, "SECRET-ENDPOINT", victim):
            assert secret not in answer.text
        if operation.method == "DELETE" and answer.status_code == 204:
            mine[0] = public.sign_up()["key"]

    ask()
    assert seen & set(operation.answers) or operation.path.endswith(UNGUESSABLE), "no request was good enough to do it"
    devices = public.ask("GET", "sample/home", victim).json()["devices"]
    assert [each["kind"] for each in devices] == ["email", "webpush"]
