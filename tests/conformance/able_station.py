"""A station with much that ours lacks, made with the package ocpp from PyPI: lists, profiles, availability, logs."""

from __future__ import annotations

import asyncio
from typing import Any

from able_visits import VisitedStation, now
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from foreign_station import call, call_result, on

UPLOADS_IN = 4.0
"""Seconds an upload takes."""
Profile = tuple[int, dict[str, Any]]
"""An EVSE, 0 for all, and a charging profile."""


class AbleStation(VisitedStation):
    """Two EVSEs with one connector each. What it keeps outlives resets and connections."""

    def __init__(self, identity: str) -> None:
        super().__init__(identity)
        self.profiles: dict[int, Profile] = {}
        self.uploading = 0
        self.key: ec.EllipticCurvePrivateKey | None = None

    def restarts(self) -> None:
        """Boot again, as after a reset."""
        self.later(self.boots("RemoteReset"))

    @on("Reset")
    def reset(self, type: str, evse_id: int = 0, **_: Any) -> Any:
        if not evse_id:
            self.restarts()
        return call_result.Reset(status="Rejected" if evse_id else "Accepted")

    # Availability

    def turn(self, operational_status: str, evse: dict[str, Any] | None = None, **_: Any) -> str:
        """Take a place in or out of service, now or once nobody charges there: the status."""
        place = (evse["id"], evse.get("connector_id", 0)) if evse else (0, 0)
        there = [one for one in self.visits if place[0] in (0, one)]
        off = operational_status == "Inoperative"
        if off and any(self.visits[one].transaction for one in there):
            self.ends_off.add(place)
            return "Scheduled"
        self.later(self.turned(place, there, off=off))
        return "Accepted"

    @on("ChangeAvailability")
    def change(self, operational_status: str, **more: Any) -> Any:
        return call_result.ChangeAvailability(status=self.turn(operational_status, **more))

    # Messages on demand

    @on("TriggerMessage")
    def trigger(self, requested_message: str, evse: dict[str, Any] | None = None, **_: Any) -> Any:
        work = self.on_demand(requested_message, [evse["id"]] if evse else [*self.visits])
        for one in work:
            self.later(one)
        return call_result.TriggerMessage(status="Accepted" if work else "NotImplemented")

    def on_demand(self, message: str, evses: list[int]) -> list[Any]:
        """What follows a TriggerMessage."""
        match message:
            case "LogStatusNotification":
                return [self.tells_of_log("Uploading" if self.uploading else "Idle", self.uploading)]
            case "FirmwareStatusNotification":
                return [self.call(call.FirmwareStatusNotification(status="Idle"), suppress=False)]
            case "MeterValues":
                read = [{"timestamp": now(), "sampled_value": [{"value": 7.0, "context": "Trigger"}]}]
                return [self.call(call.MeterValues(evse_id=one, meter_value=read), suppress=False) for one in evses]
            case "SignChargingStationCertificate":
                return [self.asks_for("ChargingStationCertificate")]
            case "SignCombinedCertificate":
                return [self.asks_for(None)]
        return []

    # Certificates

    async def asks_for(self, kind: str | None) -> None:
        """SignCertificate, for a new key."""
        self.key = ec.generate_private_key(ec.SECP256R1())
        named = x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "PyPI"), x509.NameAttribute(NameOID.COMMON_NAME, self.id)]
        )
        request = x509.CertificateSigningRequestBuilder().subject_name(named).sign(self.key, hashes.SHA256())
        pem = request.public_bytes(serialization.Encoding.PEM).decode()
        await self.call(call.SignCertificate(csr=pem, certificate_type=kind), suppress=False)

    @on("CertificateSigned")
    def signed(self, certificate_chain: str, **_: Any) -> Any:
        shown = x509.load_pem_x509_certificates(certificate_chain.encode())[0]
        fits = self.key is not None and shown.public_key() == self.key.public_key()
        return call_result.CertificateSigned(status="Accepted" if fits else "Rejected")

    @on("InstallCertificate")
    def install(self, **_: Any) -> Any:
        return call_result.InstallCertificate(status="Rejected")

    @on("SetNetworkProfile")
    def network(self, configuration_slot: int, connection_data: dict[str, Any], **_: Any) -> Any:
        lower = connection_data["security_profile"] < int(self.values["SecurityCtrlr", "SecurityProfile"])
        return call_result.SetNetworkProfile(status="Rejected" if lower or configuration_slot > 2 else "Accepted")

    # Charging profiles

    def keep(self, evse: int, profile: dict[str, Any]) -> str:
        """Take a profile: the status."""
        self.profiles[profile["id"]] = evse, profile
        return "Accepted"

    @on("SetChargingProfile")
    def set_profile(self, evse_id: int, charging_profile: dict[str, Any], **_: Any) -> Any:
        known = evse_id in (0, *self.visits)
        return call_result.SetChargingProfile(status=self.keep(evse_id, charging_profile) if known else "Rejected")

    def profile_of(self, evse: int, transaction: str, profile: dict[str, Any]) -> None:
        """A transaction that was begun from afar brings its profile."""
        self.keep(evse, profile | {"transaction_id": transaction})

    def chosen(self, evse: int | None, **by: Any) -> list[Profile]:
        """The profiles that are like that."""

        def fits(place: int, one: dict[str, Any]) -> bool:
            return (
                (evse is None or place == evse)
                and one["id"] in by.get("charging_profile_id", [one["id"]])
                and one["charging_profile_purpose"]
                == by.get("charging_profile_purpose", one["charging_profile_purpose"])
                and one["stack_level"] == by.get("stack_level", one["stack_level"])
                and "CSO" in by.get("charging_limit_source", ["CSO"])
            )

        return [one for one in self.profiles.values() if fits(*one)]

    @on("GetChargingProfiles")
    def get_profiles(
        self, request_id: int, charging_profile: dict[str, Any], evse_id: int | None = None, **_: Any
    ) -> Any:
        found = self.chosen(evse_id, **charging_profile)
        if found:
            self.later(self.reports(request_id, found))
        return call_result.GetChargingProfiles(status="Accepted" if found else "NoProfiles")

    async def reports(self, request: int, found: list[Profile]) -> None:
        """ReportChargingProfiles, one each."""
        for number, (evse, profile) in enumerate(found, 1):
            said = call.ReportChargingProfiles(
                request_id=request,
                charging_limit_source="CSO",
                charging_profile=[profile],
                evse_id=evse,
                tbc=number < len(found),
            )
            await self.call(said, suppress=False)

    @on("ClearChargingProfile")
    def clear(
        self, charging_profile_id: int = 0, charging_profile_criteria: dict[str, Any] | None = None, **_: Any
    ) -> Any:
        criteria = dict(charging_profile_criteria or {"charging_profile_id": [charging_profile_id]})
        found = self.chosen(criteria.pop("evse_id", None), **criteria)
        self.forget(found)
        return call_result.ClearChargingProfile(status="Accepted" if found else "Unknown")

    def forget(self, found: list[Profile]) -> None:
        """Those profiles are there no more."""
        for _, one in found:
            del self.profiles[one["id"]]

    @on("GetCompositeSchedule")
    def composite(self, evse_id: int, duration: int = 0, charging_rate_unit: str = "W", **_: Any) -> Any:
        if evse_id not in (0, *self.visits) or charging_rate_unit != "W":
            return call_result.GetCompositeSchedule(status="Rejected")
        schedule = {
            "evse_id": evse_id,
            "duration": duration,
            "schedule_start": now(),
            "charging_rate_unit": "W",
            "charging_schedule_period": [{"start_period": 0, "limit": self.limit(evse_id)}],
        }
        return call_result.GetCompositeSchedule(status="Accepted", schedule=schedule)

    def limit(self, evse: int) -> float:
        """The lowest of what the highest level of each purpose says."""
        highest: dict[str, dict[str, Any]] = {}
        for place, one in self.profiles.values():
            before = highest.get(one["charging_profile_purpose"])
            if place in (0, evse) and (before is None or one["stack_level"] > before["stack_level"]):
                highest[one["charging_profile_purpose"]] = one
        limits = [one["charging_schedule"][0]["charging_schedule_period"][0]["limit"] for one in highest.values()]
        lowest: float = min([22_000.0, *limits])
        return lowest

    # Logs and customers

    @on("GetLog")
    def log(self, request_id: int, log: dict[str, Any], **_: Any) -> Any:
        before, self.uploading = self.uploading, request_id
        if before:
            self.later(self.tells_of_log("AcceptedCanceled", before))
        self.later(self.upload(request_id, log["remote_location"]))
        return call_result.GetLog(status="AcceptedCanceled" if before else "Accepted", filename="log")

    async def tells_of_log(self, status: str, request: int) -> None:
        """LogStatusNotification."""
        await self.call(call.LogStatusNotification(status=status, request_id=request or None), suppress=False)

    async def upload(self, request: int, location: str) -> None:
        """The upload of a log, which takes its time, and is given up for another one."""
        await self.tells_of_log("Uploading", request)
        await asyncio.sleep(UPLOADS_IN)
        if self.uploading == request:
            self.uploading = 0
            await self.tells_of_log("UploadFailure" if "127.0.0.1:9" in location else "Uploaded", request)

    @on("UpdateFirmware")
    def firmware(self, **_: Any) -> Any:
        self.later(self.alarms("InvalidFirmwareSigningCertificate"))
        return call_result.UpdateFirmware(status="InvalidCertificate")

    async def alarms(self, kind: str) -> None:
        """SecurityEventNotification."""
        await self.call(call.SecurityEventNotification(type=kind, timestamp=now()), suppress=False)

    @on("CustomerInformation")
    def customer(self, request_id: int, report: bool, **_: Any) -> Any:
        if report:
            self.later(self.informs(request_id))
        return call_result.CustomerInformation(status="Accepted")

    async def informs(self, request: int) -> None:
        """NotifyCustomerInformation, in two parts."""
        for number in (0, 1):
            part = call.NotifyCustomerInformation(
                data="something", seq_no=number, generated_at=now(), request_id=request, tbc=not number
            )
            await self.call(part, suppress=False)
