"""OpenAPI 3.1 documents out of routes and descriptions: a route says where and for whom, a description what.

Nothing is said twice: paths, methods, roles and scopes are those the requests are answered by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from pncsim.backend.described.words import ERROR, PATH_PARAMETERS, TEXT, Described, Media, Schema
from pncsim.backend.rest.routes import Route

_PART = re.compile(r"{(\w+)(?::([^{}]+))?}")
_REASONS: Mapping[int, str] = {
    200: "done",
    201: "made",
    303: "elsewhere",
    400: "what was sent is wrong, or a check failed",
    401: "no valid token",
    403: "not for this role, scope or owner",
    404: "not there",
    409: "not as things stand",
    413: "too long",
    415: "compressed",
    429: "asked in vain too often; Retry-After says when to go on",
    500: "a fault of ours",
    502: "somebody who has to be asked cannot be reached",
    503: "not now",
}


def path_of(route: Route) -> str:
    """The route's path as documents have it: parts that may be empty are left out, and patterns."""
    return _PART.sub(_plain, route.path)


def _plain(part: re.Match[str]) -> str:
    name, pattern = part.groups()
    return "" if pattern is not None and re.fullmatch(pattern, "") else f"{{{name}}}"


def document(
    title: str, routes: Sequence[Route], described: Mapping[str, Mapping[str, Described]], base: str
) -> dict[str, Any]:
    """The document of these routes; ``described`` by service and operation. A route without one is said to be there.

    ``base`` is the URL clients call, and get their tokens at.
    """
    paths: dict[str, dict[str, Any]] = {}
    parts: dict[str, Any] = {}
    used: set[str] = set()
    for route in routes:
        says = described.get(route.service, {}).get(route.operation)
        paths.setdefault(path_of(route), {})[route.method.lower()] = _operation(route, says, parts, used)
    scopes = sorted({route.scope for route in routes if route.scope})
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version("pncsim")},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": parts,
            "securitySchemes": {
                "client": {
                    "type": "oauth2",
                    "flows": {
                        "clientCredentials": {
                            "tokenUrl": f"{base}/oauth/token",
                            "scopes": dict.fromkeys(scopes, "lets into this service"),
                        }
                    },
                }
            },
        },
    }


def _operation(route: Route, says: Described | None, parts: dict[str, Any], used: set[str]) -> dict[str, Any]:
    says = says or Described(summary=route.operation, answers={200: None})
    names = (f"{route.operation}-{number}" if number > 1 else route.operation for number in range(1, 1_000))
    name = next(name for name in names if name not in used)
    used.add(name)
    takes = says.body if route.method in ("POST", "PUT") else None
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": says.summary,
        "tags": [route.service],
        "responses": _responses(route, says, parts, takes=takes is not None),
    }
    if says.more:
        operation["description"] = says.more
    if parameters := _parameters(route, says, parts):
        operation["parameters"] = parameters
    if takes is not None:
        operation["requestBody"] = {"required": not says.optional, "content": _content(takes, parts)}
    if route.roles is not None:
        operation["security"] = [{"client": [route.scope] if route.scope else []}]
        operation["x-roles"] = sorted(route.roles)
    return operation


def _parameters(route: Route, says: Described, parts: dict[str, Any]) -> Sequence[dict[str, Any]]:
    places = [
        *(("path", name, PATH_PARAMETERS.get(name, TEXT)) for name, _ in _PART.findall(path_of(route))),
        *(("query", name, schema) for name, schema in says.query.items()),
        *(("header", name, schema) for name, schema in says.headers.items()),
    ]
    return [
        {"name": name, "in": place, "schema": _named(schema, parts), **({"required": True} if place == "path" else {})}
        for place, name, schema in places
    ]


def _responses(route: Route, says: Described, parts: dict[str, Any], *, takes: bool) -> dict[str, Any]:
    answers: dict[int, Schema | Media | None] = dict.fromkeys((400, 500, *says.errors), ERROR)
    if route.roles is not None:
        answers |= {401: ERROR, 403: ERROR}
    if takes:
        answers |= {413: ERROR, 415: ERROR}
    answers |= says.answers
    return {
        str(status): {
            "description": _REASONS.get(status, str(status)),
            **({} if answers[status] is None else {"content": _content(answers[status], parts)}),
        }
        for status in sorted(answers)
    }


def _content(body: Schema | Media | None, parts: dict[str, Any]) -> dict[str, Any]:
    media = body if isinstance(body, Media) else Media("application/json", body)
    return {media.type: {} if media.schema is None else {"schema": _named(media.schema, parts)}}


def _named(schema: Any, parts: dict[str, Any]) -> Any:
    """``schema`` with a reference for each part that has a name; the parts go to ``parts``."""
    if isinstance(schema, Mapping):
        made = {name: _named(value, parts) for name, value in schema.items()}
        title = made.get("title")
        if not isinstance(title, str):
            return made
        assert parts.setdefault(title, made) == made, f"two schemas are called {title}"
        return {"$ref": f"#/components/schemas/{title}"}
    return [_named(one, parts) for one in schema] if isinstance(schema, (list, tuple)) else schema
