"""What a run cannot have of services that are elsewhere, in sentences."""

from __future__ import annotations

from pncsim.backend.ports import Calls
from pncsim.simulator.plan import Plan
from pncsim.wire.errors import LocalError


def needed_by_others(what: str, deed: str, *, by_hand: str = "") -> LocalError:
    """Others use the services besides this run: it does not do that to ``what``. ``by_hand``: the command that does."""
    hand = f", or do it by hand ({by_hand})" if by_hand else ""
    return LocalError(
        f"A run does not {deed} {what}, since others need it, too.",
        advice=f"Run it without --ecosystem{hand}, or at services that nobody else needs: pnc serve --test-controls.",
        kind="elsewhere",
    )


async def check_algorithms(plan: Plan, calls: Calls, where: str) -> None:
    """Whether the services take in certificates what ``plan`` has everybody take; ``calls`` is an administrator's.

    Raises PncError.
    """
    taken = (await calls.call("admin", "GET", "/admin/pki")).get("algorithms", ("P-256",))
    if missing := [one for one in plan.policies.algorithms if one not in taken]:
        raise LocalError(
            f"This scenario has everybody take {', '.join(missing)} in certificates; the services at {where} do not.",
            advice=f"Start them with pnc serve ecosystem --also-take {missing[0]}, or run it without --ecosystem.",
            kind="elsewhere",
        )


def can_be_elsewhere(plan: Plan, where: str) -> None:
    """Whether ``plan`` asks for nothing that only this process could make. Raises LocalError."""
    first, *further = plan.pkis
    if first.name or first.algorithm != "P-256":
        raise _only_here(f"This scenario makes the first PKI, too; the services at {where} have one of their own.")
    if plan.provisioning:
        names = ", ".join(one.name for one in plan.provisioning)
        raise _only_here(f"This scenario makes provisioning services of its own ({names}); those at {where} have one.")
    if plan.roots or any(one.folder is not None for one in (first, *further)):
        raise _only_here(f"The plan of this run names a PKI folder or roots; the services at {where} have their own.")
    if plan.policies.revocation is not None or plan.policies.selection != "default-first":
        raise _only_here(f"The plan of this run says what the services at {where} decide: how contracts are selected.")
    if plan.pool_url is not None or plan.ocsp_url is not None:
        raise _only_here("This scenario names a contract pool or an OCSP responder of its own beside the services.")


def _only_here(sentence: str) -> LocalError:
    return LocalError(sentence, kind="elsewhere")
