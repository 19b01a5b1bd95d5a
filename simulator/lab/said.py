"""What was said on the wire, in the words of use cases: ResponseCodes, and what a CSMS answered to Authorize."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pncsim.wire.ocpp.frames import Call, Result
from pncsim.wire.trace import OcppFrame, V2gMessage


def body_of(message: V2gMessage) -> Any:
    """The body of a V2G message, or what it is itself; None for octets that say nothing."""
    body = getattr(message.value, "Body", None)
    return message.value if body is None else body.BodyElement


def response_codes(messages: Iterable[V2gMessage], unit: str) -> list[tuple[str, str]]:
    """The responses that the vehicle ``unit`` got, by name and ResponseCode."""
    got = ((one.name, getattr(body_of(one), "ResponseCode", None)) for one in messages if one.unit == unit)
    return [(name, str(code)) for name, code in got if code is not None]


def refusal(messages: Iterable[V2gMessage], unit: str) -> tuple[str, str]:
    """The response that refused the vehicle ``unit``, by name and ResponseCode; empty where nothing was refused."""
    failed = [told for told in response_codes(messages, unit) if told[1].startswith("FAILED")]
    return failed[-1] if failed else ("", "")


def bodies(messages: Iterable[V2gMessage], name: str, unit: str = "") -> list[Any]:
    """The bodies of all messages ``name``; of those that ``unit`` saw, if one is named."""
    return [body_of(one) for one in messages if one.name == name and unit in ("", one.unit)]


def in_order(messages: Iterable[V2gMessage], unit: str, wanted: Sequence[str]) -> bool:
    """Whether ``unit`` saw messages of the names ``wanted``, one after the other, whatever stood between them."""
    names = iter([one.name for one in messages if one.unit == unit])
    return all(name in names for name in wanted)


def calls_and_answers(frames: Iterable[OcppFrame], action: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """What was asked by ``action`` and what was answered, in the order of the answers."""
    asked: dict[str, dict[str, Any]] = {}
    said = []
    for frame in frames:
        content = frame.content
        if frame.action == action and isinstance(content, Call):
            asked[content.id] = content.payload
        elif frame.action == action and isinstance(content, Result) and content.id in asked:
            said.append((asked.pop(content.id), content.payload))
    return said


def authorised(frames: Iterable[OcppFrame], token: str) -> tuple[str, str]:
    """What was last answered to Authorize for ``token``: idTokenInfo.status and certificateStatus, empty if nothing."""
    answers = [
        (str(answer["idTokenInfo"]["status"]), str(answer.get("certificateStatus", "")))
        for request, answer in calls_and_answers(frames, "Authorize")
        if request["idToken"]["idToken"] == token
    ]
    return answers[-1] if answers else ("", "")
