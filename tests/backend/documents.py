"""The services' OpenAPI documents as a judge of answers: what comes back has to be what is written there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import jsonschema_rs
from aiohttp import web

from pncsim.backend.described.tables import DESCRIBED
from pncsim.backend.rest.openapi import document, path_of
from pncsim.backend.rest.routes import Route


class AnswerJudge:
    """Compares each answer of ``routes`` with their document; ``wrong`` is what it found."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = {(route.method, _template(route.path)): route for route in routes}
        self.wrong: list[str] = []

    def middleware(self) -> Any:
        """To be the outermost of an application that serves the routes."""

        @web.middleware
        async def judge(request: web.Request, handler: Any) -> web.StreamResponse:
            response: web.StreamResponse = await handler(request)
            resource = request.match_info.route.resource
            route = self._routes.get((request.method, resource.canonical)) if resource is not None else None
            if route is not None and isinstance(response, web.Response):
                self._judge(route, response)
            return response

        return judge

    def _judge(self, route: Route, response: web.Response) -> None:
        where = f"{route.method} {path_of(route)} answers {response.status}"
        answers, parts = _documented(route.service, route.operation, route.method, route.path, route.roles is None)
        says = answers.get(str(response.status))
        body = response.body if isinstance(response.body, bytes) else b""
        if says is None:
            self.wrong.append(f"{where}, which is not documented: {body[:300]!r}")
        elif not says.get("content"):
            self.wrong += [f"{where} with a body, documented is none: {body[:300]!r}"] if body else []
        elif response.content_type not in says["content"]:
            self.wrong.append(f"{where} as {response.content_type}, documented is {', '.join(says['content'])}")
        elif response.content_type == "application/json":
            schema = json.dumps(says["content"]["application/json"]["schema"])
            errors = [f"{error.instance_path}: {error.message}" for error in _validator(schema, parts).iter_errors(
                json.loads(body))]  # fmt: skip
            self.wrong += [f"{where} not as documented: {error[:300]}" for error in errors]


@cache
def _documented(service: str, operation: str, method: str, path: str, free: bool) -> tuple[dict[str, Any], str]:
    """The documented answers of a route, and the parts they refer to."""

    async def nobody(request: web.Request, grant: Any) -> web.StreamResponse:
        raise AssertionError("nobody asks")

    roles = None if free else frozenset({"OEM"})
    route = Route(method, path, operation, roles, nobody, service)  # type: ignore[arg-type]
    made = document("", [route], DESCRIBED, "")
    (item,) = made["paths"].values()
    return item[method.lower()]["responses"], json.dumps(made["components"])


@cache
def _validator(schema: str, parts: str) -> jsonschema_rs.Draft202012Validator:
    whole = {**json.loads(schema), "components": json.loads(parts)}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def _template(path: str) -> str:
    """A route's path as aiohttp names its resource."""
    return str(web.UrlDispatcher().add_resource(path).canonical)
