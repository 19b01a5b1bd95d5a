"""The page on which an owner is asked: no script, nothing from elsewhere, not to be framed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from pncsim.backend.oem.store import FleetVehicle

if TYPE_CHECKING:
    from aiohttp import web

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 12vh auto; padding: 0 1rem; color: #1b1f24 }
h1 { font-size: 1.25rem } label { display: block; margin: .75rem 0 } .said { color: #a40e26 }
input, select { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .5rem; margin-top: .25rem }
button { font: inherit; padding: .5rem 1.25rem; margin: 1rem .5rem 0 0 }
"""


def consent_page(
    operator: str, hidden: Mapping[str, str], *, said: str = "", name: str = "", vehicles: Sequence[FleetVehicle] = ()
) -> str:
    """The question. ``hidden`` goes back with the answer; ``vehicles``: where the owner has to say which is meant."""
    fields = "".join(f'<input type="hidden" name="{escape(key)}" value="{escape(hidden[key])}">' for key in hidden)
    options = "".join(f'<option value="{escape(one.vin)}">{escape(one.vin)}</option>' for one in vehicles)
    choice = f'<label>Vehicle<select name="vehicle">{options}</select></label>' if options else ""
    return _page(
        "Your vehicle's PCID",
        f"""<p><strong>{escape(operator)}</strong> wants to know the provisioning certificate id (PCID) of your vehicle,
to make a charging contract for it. You can withdraw your consent at any time.</p>
{f'<p class="said" role="alert">{escape(said)}</p>' if said else ""}
<form method="post">{fields}
<label>Name<input name="owner" value="{escape(name)}" autocomplete="username" required></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
{choice}<button name="decision" value="grant">Allow</button><button name="decision" value="refuse">Refuse</button>
</form>""",
    )


def refusal_page(sentence: str) -> str:
    """Why nobody is asked."""
    return _page("This cannot be asked", f"<p>{escape(sentence)}</p>")


def html_response(text: str, status: int = 200) -> web.Response:
    """A page as answer."""
    from pncsim.wire.web import web

    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=HEADERS)


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{_STYLE}</style></head>
<body><main><h1>{escape(title)}</h1>
{body}
</main></body></html>
"""
