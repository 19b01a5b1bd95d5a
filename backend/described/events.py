"""The webhook service's operations."""

from __future__ import annotations

from collections.abc import Mapping

from pncsim.backend.described.words import (
    COUNT,
    MOMENT,
    NOTHING,
    TEXT,
    UUID,
    Described,
    listed,
    record,
    text,
    words,
)

EVENTS = listed(text("an event type", examples=["oem.contract.created"]))
_WANTED = {
    "apiVersion": words("v1"),
    "description": TEXT,
    "metadata": NOTHING,
    "status": words("enabled", "disabled"),
}
ENDPOINT = record(
    "Endpoint",
    {"id": UUID, "created": {**COUNT, "description": "seconds since the epoch"}, "enabledEvents": EVENTS, "url": TEXT},
    {
        **_WANTED,
        "events": EVENTS,
        "secret": text("the key events are signed with"),
        "providerIds": listed(TEXT),
        "wmis": listed(TEXT),
        "userRole": TEXT,
        "userName": TEXT,
    },
)
DELIVERY = record(
    "EventDelivery",
    {
        "eventId": UUID,
        "eventType": TEXT,
        "state": TEXT,
        "attempts": listed(
            record(
                "",
                {
                    "attempt": COUNT,
                    "time": MOMENT,
                    "status": {"type": ["integer", "null"], "description": "of the answer"},
                    "text": TEXT,
                },
            )
        ),
        "nextAttempt": {"anyOf": [MOMENT, {"type": "null"}]},
        "text": TEXT,
        "event": NOTHING,
    },
)
_URL = text("an http or https address", examples=["https://mo.example/events"])

WEBHOOKS: Mapping[str, Described] = {
    "create-webhook-endpoint": Described(
        summary="Have events sent somewhere",
        body=record("NewEndpoint", {"url": _URL, "enabledEvents": EVENTS}, _WANTED),
        answers={201: ENDPOINT},
        errors=(404,),
    ),
    "get-webhook-endpoints": Described(
        summary="The caller's endpoints", answers={200: listed(ENDPOINT)}, errors=(404,)
    ),
    "get-webhook-endpoint": Described(summary="One endpoint", answers={200: ENDPOINT}, errors=(404,)),
    "update-webhook-endpoint": Described(
        summary="Change an endpoint; what is left out stays, but for the url",
        body=record("ChangedEndpoint", {"url": _URL}, {"enabledEvents": EVENTS, **_WANTED}),
        answers={200: ENDPOINT},
        errors=(404,),
    ),
    "delete-webhook-endpoint": Described(summary="Send nothing there any more", answers={200: None}, errors=(404,)),
    "getWebhookDeliveries": Described(
        summary="What was sent to an endpoint and what came of it, page by page",
        query={"state": text("only those in this state"), "after": text("the `next` of the page before")},
        answers={
            200: record("EventDeliveries", {"deliveries": listed(DELIVERY), "next": text("empty on the last page")})
        },
        errors=(404,),
    ),
    "sendWebhookEventAgain": Described(
        summary="Send an event once more that was given up", answers={200: DELIVERY}, errors=(404,)
    ),
}
