"""A small page to look at what the services hold (``/``): it reads through their own interface, and writes nothing.

Whoever opens it says which client he is; the token stays in the page and ends with it. What he is shown is what that
client may read: lists for an administrator, single vehicles and contracts for everybody else. It asks nobody but the
port it came from: what it reads of services at other ports of this process is there for it, too.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.routes import Route

if TYPE_CHECKING:
    from aiohttp import web

TOKEN = "/oauth/token"


class Viewed(Struct, frozen=True):
    """What the page reads at ``path`` of ``service``, which is the one that holds what is shown."""

    service: str
    path: str


SECTIONS: Mapping[str, Viewed] = {
    "Roots": Viewed("rcp", "/v1/root/rootCerts"),
    "Vehicles": Viewed("pcp", "/admin/vehicles"),
    "Contracts": Viewed("ccp", "/admin/contracts"),
    "Certificates": Viewed("est", "/admin/certificates"),
    "Event deliveries": Viewed("webhooks", "/admin/deliveries"),
    "Vehicle": Viewed("pcp", "/v1/oem/provCerts/{pcid}"),
    "Contract": Viewed("ccp", "/v1/ccp/lookupContract/{emaid}"),
}
"""By their titles; a section of a service that is not in this process is left out."""

STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 16%, transparent); }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 76rem; padding: 1.5rem; }
header { display: flex; gap: .2rem 1.5rem; align-items: baseline; flex-wrap: wrap; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
form { display: flex; gap: .5rem; align-items: end; flex-wrap: wrap; margin: .4rem 0; }
label { font-size: .8rem; opacity: .8; }
input { display: block; font: inherit; padding: .3rem .5rem; min-width: 15rem; }
button { font: inherit; padding: .35rem .9rem; } a { color: inherit; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; opacity: .65; white-space: nowrap; } td { font-variant-numeric: tabular-nums; }
td.id { font-family: ui-monospace, monospace; font-size: .85em; } .none { opacity: .6; } .said { color: #b3261e; }
"""
SCRIPT = """
"use strict";
const SHORT = 20;
const PATHS = JSON.parse(document.body.dataset.paths);
const LISTS = [
  ["Roots", body => body.RootCertificateCollection.rootCertificates,
    ["rootType", "distinguishedName", "validTo", "fingerprint"]],
  ["Vehicles", body => body.vehicles, ["pcid", "certValidTo", "fingerprint"]],
  ["Contracts", body => body.contracts, ["emaid", "pcid", "defaultContract", "certValidTo"]],
  ["Certificates", body => body.certificates,
    ["commonName", "issuer", "serial", "certValidTo", "revokedAt", "reason"]],
  ["Event deliveries", body => body.deliveries,
    ["created", "eventType", "state", "attempts", "text", "eventId"]],
];
const SINGLE = [
  ["Vehicle", "PCID", body => [body.OEMMessage],
    ["fingerprint", "rootIssuerDistinguishedName", "previousPcid"]],
  ["Contract", "EMAID", body => body.XMLContracts,
    ["emaid", "pcid", "defaultContract", "certValidFrom", "certValidTo"]],
];
let token = "";

function make(name, text = "", kind = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

async function read(path) {
  const answer = await fetch(path, {headers: {Authorization: "Bearer " + token}});
  const body = await answer.json();
  if (!answer.ok) throw new Error((body.errorMessages || [answer.statusText])[0]);
  return body;
}

function table(columns) {
  const wide = make("div", "", "wide"), made = make("table"), head = make("tr"), rows = make("tbody");
  for (const column of columns) head.append(make("th", column));
  made.append(head, rows);
  wide.append(made);
  return [wide, rows];
}

function fill(rows, columns, values) {
  for (const value of values) {
    const row = make("tr");
    for (const column of columns) {
      const text = String(value[column] ?? ""), long = /^[0-9a-f-]{32,}$/.test(text);
      const cell = make("td", long ? text.slice(0, SHORT) + "\\u2026" : text, long ? "id" : "");
      if (long) cell.title = text;
      row.append(cell);
    }
    rows.append(row);
  }
}

async function list(section, path, pick, columns) {
  const [wide, rows] = table(columns), more = make("button", "More");
  let after = "";
  async function next() {
    const body = await read(after ? path + "?after=" + encodeURIComponent(after) : path);
    fill(rows, columns, pick(body));
    after = body.next || "";
    more.hidden = !after;
  }
  more.onclick = () => next().catch(error => section.append(make("p", error.message, "said")));
  await next();
  section.append(rows.children.length ? wide : make("p", "none", "none"), more);
}

function single(section, name, path, pick, columns) {
  const form = make("form"), label = make("label", name), input = make("input"), found = make("div");
  label.append(input);
  form.append(label, make("button", "Look up"));
  form.onsubmit = async event => {
    event.preventDefault();
    try {
      const [wide, rows] = table(columns);
      fill(rows, columns, pick(await read(path.replace(/{.*}/, encodeURIComponent(input.value.trim())))));
      found.replaceChildren(wide);
    } catch (error) {
      found.replaceChildren(make("p", error.message, "said"));
    }
  };
  section.append(form, found);
}

function begin(title) {
  const section = make("section");
  section.id = title.toLowerCase().replaceAll(" ", "-");
  section.append(make("h2", title));
  document.querySelector("main").append(section);
  return section;
}

async function show(admin) {
  const shown = document.querySelector("main");
  shown.replaceChildren();
  for (const [title, pick, columns] of LISTS) {
    const path = PATHS[title];
    if (!path || (!admin && path.startsWith("/admin"))) continue;
    const section = begin(title);
    try {
      await list(section, path, pick, columns);
    } catch (error) {
      section.append(make("p", error.message, "said"));
    }
  }
  for (const [title, name, pick, columns] of SINGLE)
    if (!admin && PATHS[title]) single(begin(title), name, PATHS[title], pick, columns);
  if (!shown.children.length) shown.append(make("p", "What is here, only an administrator may look at.", "none"));
  document.body.dataset.shown = "yes";
}

document.querySelector("#client").onsubmit = async event => {
  event.preventDefault();
  const said = document.querySelector("#said"), form = event.target;
  said.textContent = "";
  const asked = {grant_type: "client_credentials", client_id: form.id_.value, client_secret: form.secret.value};
  const answer = await fetch("/oauth/token", {
    method: "POST", body: JSON.stringify(asked), headers: {"Content-Type": "application/json"},
  });
  const body = await answer.json();
  if (!answer.ok) {
    said.textContent = body.error_description || (body.errorMessages || [answer.statusText])[0];
    return;
  }
  token = body.access_token;
  form.secret.value = "";
  await show(body.scope.split(" ").includes("admin"));
};
"""


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'; "
    f"script-src {_hash(SCRIPT)}; style-src {_hash(STYLE)}"
)
"""The page's own script and style, the services it came from, and nothing else."""


def page(made: Mapping[str, object]) -> str:
    """The page over the services that ``made`` names."""
    paths = {title: section.path for title, section in SECTIONS.items() if section.service in made}
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Plug &amp; Charge services</title>
<meta name="viewport" content="width=device-width"><style>{STYLE}</style>
<body data-paths="{html.escape(json.dumps(paths))}">
<header><h1>Plug &amp; Charge services</h1><a href="/docs">Interface</a><a href="/metrics">Figures</a></header>
<form id="client"><label>Client<input name="id_" autocomplete="username" required></label>
<label>Secret<input name="secret" type="password" autocomplete="current-password" required></label>
<button>Show</button><span id="said" class="said" role="alert"></span></form>
<main><p class="none">Who you are decides what you see: an administrator sees lists, everybody else looks up
what is theirs. The demo clients and their secrets were printed at the start; they are in the ready file
and in clients.json of the data folder. Nothing is kept in this browser.</p></main>
<script>{SCRIPT}</script></body></html>"""


_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def routes(made: Mapping[str, Sequence[Route]], here: Iterable[str]) -> tuple[Route, ...]:
    """The page, for everybody: it holds nothing. ``made``: the routes of each service in this process; those of
    the services ``here`` are at its port already, of the others it gets what it reads."""
    from pncsim.wire.web import web

    text = page(made)

    async def shown(request: web.Request, grant: Grant) -> web.StreamResponse:
        return web.Response(text=text, content_type="text/html", charset="utf-8", headers=_HEADERS)

    read = {("GET", section.path) for section in SECTIONS.values()} | {("POST", TOKEN)}
    others = (route for name, routes in made.items() if name not in here for route in routes)
    also = (route for route in others if (route.method, route.path) in read)
    return (Route("GET", "/", "page", None, shown), *also)
