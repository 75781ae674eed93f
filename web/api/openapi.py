"""The API's description in OpenAPI 3.1, made from the table of operations and the structs that it names. Pure."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from web.api.forms import Failed
from web.api.operations import HOME, OPERATIONS, Operation

REF = "#/components/schemas/{name}"
REASONS = {
    400: "The request is not well formed",
    401: "The key or code opens no home here",
    404: "There is no such thing here",
    405: "Not with this method",
    409: "The same Idempotency-Key came with another body",
    413: "The body is too large",
    415: "The body is no JSON",
    422: "The form is well made, and cannot be kept",
    429: "Too many requests; see Retry-After",
    503: "The store does not answer; ask again",
}
LIVE = "Server-sent events: `today` (a TodayView) on every change, `alert` with kind, title, body, tag, lang"


def describe(version: str) -> dict[str, Any]:
    """Write the description."""
    types: list[Any] = [Failed]
    for each in OPERATIONS:
        types += [one for one in (each.body, *each.answers.values()) if one is not None]
    _, schemas = msgspec.json.schema_components(types, ref_template=REF)
    paths: dict[str, Any] = {}
    for each in OPERATIONS:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    paths[HOME + "/live"] = {"get": _live()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Gomikuru", "version": version, "description": "For a resident's page and native apps."},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"home": {"type": "http", "scheme": "bearer", "description": "A home key"}},
        },
    }


def _operation(each: Operation) -> dict[str, Any]:
    failures = [401, 422, 429, 503, 400, 404, 405] + ([413, 415] if each.body else []) + ([409] if each.repeat else [])
    described: dict[str, Any] = {
        "operationId": each.name,
        "summary": (each.act.__doc__ or "").strip().partition("\n")[0],
        "parameters": [*_path_parameters(each.path), *_parameters(each)],
        "responses": {
            **{str(status): _answer(status, one) for status, one in each.answers.items()},
            **{str(status): _failure(status) for status in sorted(failures)},
        },
    }
    if each.body:
        reference = {"$ref": REF.format(name=each.body.__name__)}
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference}}}
    if each.home:
        described["security"] = [{"home": []}]
    return described


def _parameters(each: Operation) -> list[dict[str, Any]]:
    found = [{"name": one.name, "in": "query", "required": False, "schema": one.schema} for one in each.query]
    if each.repeat:
        schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]{16,128}$"}
        found.append({"name": "Idempotency-Key", "in": "header", "required": True, "schema": schema})
    return found


def _path_parameters(path: str) -> list[dict[str, Any]]:
    schema = {"type": "string", "minLength": 1, "maxLength": 128}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in re.findall(r"{(\w+)}", path)]


def _answer(status: int, one: type | None) -> dict[str, Any]:
    if one is None:
        return {"description": "Done" if status == 204 else "Taken"}
    reference = {"$ref": REF.format(name=one.__name__)}
    return {
        "description": (one.__doc__ or "").partition("\n")[0],
        "content": {"application/json": {"schema": reference}},
    }


def _failure(status: int) -> dict[str, Any]:
    schema = {"$ref": REF.format(name="Failed")}
    return {"description": REASONS[status], "content": {"application/json": {"schema": schema}}}


def _live() -> dict[str, Any]:
    return {
        "operationId": "live_follow",
        "summary": "Follow the home's day while its page is open.",
        "parameters": _path_parameters(HOME),
        "security": [{"home": []}],
        "responses": {
            "200": {"description": LIVE, "content": {"text/event-stream": {"schema": {"type": "string"}}}},
            **{str(status): _failure(status) for status in (401, 404, 405, 429, 503)},
        },
    }
