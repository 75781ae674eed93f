"""The API over HTTP: every operation of the table as a route, with the checks that stand before all of them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from residents.adapters.key_files import KeyMissing
from residents.ports import RegistryBusy
from residents.registry import RecordUnreadable
from residents.sealing import SealBroken
from streams.ports import StoreFault, StoreUnavailable
from web.api.errors import Refused, json_answer, not_found, unauthorized
from web.api.guard import address_of
from web.api.house import Call, House
from web.api.openapi import describe
from web.api.operations import HOME, OPERATIONS, Operation

MAX_BODY = 16 * 1024
MAX_QUERY = 512
NOBODY = "#nobody"
"""An id that no home has: for a key that opens nothing the registry is asked all the same."""

_BEARER = re.compile(r"Bearer +([A-Za-z0-9_-]{20,128})", re.IGNORECASE)

log = structlog.get_logger()


class Door(NamedTuple):
    """How requests reach the house: so many proxies in front of it are trusted to tell who asks."""

    house: House
    trusted_proxies: int = 0


def api_routes(door: Door, version: str, live: Callable[[Request], Awaitable[Response]]) -> list[BaseRoute]:
    """Make the routes of the API. `live`: what follows a home's day."""
    described = describe(version)
    by_path: dict[str, list[Operation]] = {}
    for each in OPERATIONS:
        by_path.setdefault(each.path, []).append(each)
    routes: list[BaseRoute] = [
        Route("/api/v1/openapi.json", lambda _request: json_answer(200, described, {"Cache-Control": "no-cache"})),
        Route(HOME + "/live", Answering({"GET": live}), methods=None),
    ]
    for path, operations in by_path.items():
        answers = {each.method: _answering(door, each) for each in operations}
        routes.append(Route(path, Answering(answers), methods=None))
    routes.append(Route("/api/{rest:path}", Answering({}), methods=None))
    return routes


class Answering:
    """One address with its methods; as an ASGI app, so that every refusal has the API's form."""

    def __init__(self, answers: Mapping[str, Callable[[Request], Awaitable[Response]]]) -> None:
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI app."""
        request = Request(scope, receive)
        response = await _guarded(self._answers, request)
        await response(scope, receive, send)


async def _guarded(answers: Mapping[str, Callable[[Request], Awaitable[Response]]], request: Request) -> Response:
    try:
        if not answers:
            raise not_found("address")
        answer = answers.get(request.method)
        if answer is None:
            raise Refused(405, "method", "not with this method", headers={"Allow": ", ".join(answers)})
        return await answer(request)
    except Refused as refused:
        return refused.answer()
    except ClientDisconnect:
        return Response(status_code=400)
    except (StoreUnavailable, RegistryBusy) as error:
        log.warning("api.store_away", why=type(error).__name__)
        return _away()
    except (StoreFault, RecordUnreadable, SealBroken, KeyMissing) as error:
        log.error("api.store_refuses", why=str(error))
        return _away()
    except Exception as error:  # what is asked must never stand in a traceback of the log
        log.error("api.failed", error=type(error).__name__, where=_where(error))
        return Refused(500, "internal", "a fault of ours; it is in the log").answer()


def _away() -> Response:
    return Refused(503, "unavailable", "cannot be answered now; ask again", headers={"Retry-After": "5"}).answer()


def _where(error: BaseException) -> str:
    """Name the lines of our code on which it failed: names and numbers, no values."""
    lines, trace = [], error.__traceback__
    while trace is not None:
        lines.append(f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(lines[-6:])


def _answering(door: Door, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        call = await admitted(door, request, home=operation.home)
        if operation.body:
            call = msgspec.structs.replace(call, body=await _body(request, operation.body))
        reply = await run_in_threadpool(operation.act, door.house, call)
        return json_answer(reply.status, reply.body, reply.headers)

    return answer


async def admitted(door: Door, request: Request, *, home: bool) -> Call:
    """Check who asks and for what. Raise Refused."""
    house = door.house
    address = address_of(
        request.client.host if request.client else "",
        ",".join(request.headers.getlist("x-forwarded-for")),
        door.trusted_proxies,
    )
    house.guard.count("address", address)
    if len(request.url.query) > MAX_QUERY:
        raise Refused(400, "query", f"the query is longer than {MAX_QUERY} characters")
    city = request.path_params.get("city")
    place = house.cities.get(city) if city is not None else None
    if city is not None and place is None:
        raise not_found("city")
    call = Call(
        address=address,
        path=request.path_params,
        query=request.query_params,
        place=place,
        repeat_key=request.headers.get("idempotency-key"),
    )
    return await run_in_threadpool(_opened, house, call, _key_in(request)) if home else call


def _opened(house: House, call: Call, key: str) -> Call:
    """Find the home that a key opens; with the same questions to the store whether or not it opens one."""
    city = call.city.city.id
    found = house.reception.access.home_of(city, key)
    home = house.registry.get(city, found or NOBODY)
    if home is None or found is None:
        raise unauthorized()
    house.guard.count("device", key)
    return msgspec.structs.replace(call, home=home, key=key)


def _key_in(request: Request) -> str:
    found = _BEARER.fullmatch(request.headers.get("authorization", ""))
    return found[1] if found else ""


async def _body(request: Request, form: type) -> Any:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(415, "not_json", "send the body as application/json")
    data = await bounded(request, MAX_BODY)
    try:
        return _decoder(form).decode(data)
    except msgspec.ValidationError as error:
        raise Refused(422, "form", "the body is not as the form says", (_without_values(str(error)),)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(400, "not_json", "the body is not readable as JSON") from None


async def bounded(request: Request, most: int) -> bytes:
    """Read a body of at most so many bytes. Raise Refused."""
    too_large = Refused(413, "too_large", f"the body is larger than {most} bytes", headers={"Connection": "close"})
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most:
        raise too_large
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            raise too_large
    return bytes(data)


def _without_values(text: str) -> str:
    """Take what was sent out of a complaint: it may be a position, or an address."""
    return re.sub(r"Invalid (enum )?value '.*?'(?= - at|$)", "Invalid value", text, flags=re.DOTALL)


@lru_cache(maxsize=64)
def _decoder(form: type) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(form)
