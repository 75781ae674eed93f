"""What others than pages and apps call: LINE tells what its users wrote; a mail program unsubscribes by one click."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from web.api.app import Answering, Door, admitted, bounded
from web.api.errors import Refused, json_answer, not_found

MAX_HOOK = 256 * 1024

Hook = Callable[[bytes, str], bool]
"""Takes a webhook's body and signature; False where it was not signed by whom it should be."""


def outside_routes(door: Door, hooks: Mapping[str, Hook], unsubscribe: Callable[[str], bool]) -> list[BaseRoute]:
    """Make the routes. `hooks`: LINE's, by city."""

    async def take_hook(request: Request) -> Response:
        call = await admitted(door, request, home=False)
        hook = hooks.get(call.city.city.id)
        if hook is None:
            raise not_found("LINE account")
        body = await bounded(request, MAX_HOOK)
        if not await run_in_threadpool(hook, body, request.headers.get("x-line-signature", "")):
            raise Refused(401, "unauthorized", "not signed by LINE")
        return json_answer(200, {})

    async def leave(request: Request) -> Response:
        await admitted(door, request, home=False)
        await run_in_threadpool(unsubscribe, request.path_params["receipt"])
        return json_answer(204, None)

    async def look(_request: Request) -> Response:
        """Change nothing: what looks at links in letters is not always a person."""
        return RedirectResponse("/", 303)

    return [
        Route("/api/v1/cities/{city}/line", Answering({"POST": take_hook}), methods=None),
        Route("/api/v1/unsubscribe/{receipt}", Answering({"GET": look, "POST": leave}), methods=None),
    ]
