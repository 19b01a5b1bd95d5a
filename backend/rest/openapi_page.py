"""An OpenAPI document as a page to read: one file of HTML that needs nothing from anywhere, not even a script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h1 small { font-weight: normal; opacity: .6; font-size: .9rem; }
nav a { margin-right: .9rem; white-space: nowrap; } a { color: inherit; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; }
summary { cursor: pointer; padding: .45rem .7rem; display: flex; gap: .7rem; align-items: baseline; flex-wrap: wrap; }
summary .path, code, td:first-child { font-family: ui-monospace, monospace; font-size: .9em; }
summary .what { opacity: .75; } .roles { margin-left: auto; font-size: .8em; opacity: .6; }
.method { font: bold .75rem ui-monospace, monospace; color: #fff; border-radius: 4px; padding: .1rem .4rem; }
.get { background: #2563a8; } .put { background: #9a5b00; }
.post { background: #1f7a45; } .delete { background: #a82a2a; }
.inside { padding: 0 .9rem .7rem; border-top: 1px solid var(--line); }
h3 { font-size: .8rem; text-transform: uppercase; letter-spacing: .05em; opacity: .65; margin: .8rem 0 .2rem; }
table { border-collapse: collapse; width: 100%; } td { padding: .15rem .6rem .15rem 0; vertical-align: top; }
td:first-child { white-space: nowrap; } td.kind { opacity: .65; white-space: nowrap; } td td { font-size: .95em; }
td:last-child { width: 100%; }
"""
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)
"""The page's Content-Security-Policy: its own style, and nothing else at all."""


def page(document: Mapping[str, Any], others: Iterable[tuple[str, str]]) -> str:
    """The page of ``document``; ``others`` are links to further pages, as (address, name)."""
    info = document["info"]
    links = "".join(f'<a href="{escape(address)}">{escape(name)}</a>' for address, name in others)
    operations = "".join(
        _operation(method, path, operation, document["components"]["schemas"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(info["title"])}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>"
        f"<nav>{links}</nav>{operations}</html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    roles = ", ".join(operation.get("x-roles", ["everybody"]))
    inside = [f"<p>{escape(operation['description'])}</p>" if "description" in operation else ""]
    if parameters := operation.get("parameters"):
        rows = "".join(
            _row(one["name"], f"{one['in']}, {_kind(one['schema'], parts)}", _said(one["schema"], parts))
            for one in parameters
        )
        inside.append(f"<h3>Parameters</h3><table>{rows}</table>")
    if body := operation.get("requestBody"):
        inside.append(f"<h3>Body</h3>{_content(body['content'], parts)}")
    answers = "".join(_answer(status, answer, parts) for status, answer in operation["responses"].items())
    inside.append(f"<h3>Answers</h3><table>{answers}</table>")
    return (
        f'<details id="{escape(operation["operationId"])}"><summary>'
        f'<span class="method {method}">{method.upper()}</span>'
        f'<span class="path">{escape(path)}</span><span class="what">{escape(operation["summary"])}</span>'
        f'<span class="roles">{escape(roles)}</span></summary><div class="inside">{"".join(inside)}</div></details>'
    )


def _answer(status: str, answer: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    """A status and what comes with it; the common error body is not shown each time."""
    content = answer.get("content", {})
    common = content.get("application/json", {}).get("schema", {}).get("$ref", "").endswith("/Error")
    row = _row(status, "", escape(answer["description"] + (": the error body" if common else "")))
    if common or not content:
        return row
    return f"{row}<tr><td></td><td></td><td>{_content(content, parts)}</td></tr>"


def _content(content: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    return "".join(
        ("" if media == "application/json" else f"<code>{escape(media)}</code> ")
        + _schema(body.get("schema", {}), parts)
        for media, body in content.items()
    )


def _schema(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    rows = _members(schema, parts, 0)
    return f"<table>{rows}</table>" if rows else _said(schema, parts)


def _members(schema: Mapping[str, Any], parts: Mapping[str, Any], depth: int) -> str:
    """A row for each member, the members of a member below it and further in; empty where there are none."""
    schema = _resolved(schema, parts)
    if "anyOf" in schema:
        choices = [rows for one in schema["anyOf"] if (rows := _members(one, parts, depth))]
        return _row("or", "", "").join(choices)
    if "items" in schema:
        return _members(schema["items"], parts, depth)
    needed = schema.get("required", ())
    return "".join(
        _row("\u2003" * depth + name + ("" if name in needed else "?"), _kind(member, parts), _said(member, parts))
        + _members(member, parts, depth + 1)
        for name, member in schema.get("properties", {}).items()
    )


def _kind(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    schema = _resolved(schema, parts)
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'], parts)}"
    if "anyOf" in schema:
        return " or ".join(_kind(one, parts) for one in schema["anyOf"])
    return str(schema.get("format") or schema.get("type", "anything"))


def _said(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    return escape(str(_resolved(schema, parts).get("description", "")))


def _resolved(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Mapping[str, Any]:
    return parts[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _row(name: str, kind: str, text: str) -> str:
    return f'<tr><td>{escape(name)}</td><td class="kind">{escape(kind)}</td><td>{text}</td></tr>'
