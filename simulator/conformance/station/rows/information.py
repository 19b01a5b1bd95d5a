"""Data of vendors, logs, what is known of customers, and firmware."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.octt import OcttCases, Playing
from pncsim.simulator.conformance.station.declared import has
from pncsim.simulator.conformance.station.desk import PATIENCE, CsmsDesk
from pncsim.simulator.conformance.station.hands import NotToBeHad
from pncsim.simulator.conformance.unlike import must
from pncsim.tls_certs.hash_data import hash_data
from pncsim.tls_certs.reading import pem
from pncsim.wire.errors import PeerError
from pncsim.wire.ocpp import v201

INFORMATION = OcttCases("information", "CS")
CASES = INFORMATION.cases

VENDOR = "org.example.nobody"
UPLOADS_WITHIN = 120.0
NOWHERE = "http://127.0.0.1:9/nowhere"


async def _foreign_data(desk: CsmsDesk) -> None:
    answer: Any = await desk.ask(v201.DataTransfer({"vendorId": VENDOR, "messageId": "nothing"}))
    status = answer["status"]
    must(status != "Accepted", f"DataTransfer of a vendor nobody knows is answered {status}.")


async def _custom_data(desk: CsmsDesk) -> None:
    wanted: Any = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "OfflineThreshold", "customData": {"vendorId": VENDOR, "also": "here"}},
    }
    request: Any = {"getVariableData": [wanted], "customData": {"vendorId": VENDOR, "anything": ["may", "stand here"]}}
    answer: Any = await desk.ask(v201.GetVariables(request))
    status = answer["getVariableResult"][0]["attributeStatus"]
    must(status == "Accepted", f"GetVariables with customData is answered {status}, not Accepted.")


# Logs


async def _log(desk: CsmsDesk, kind: str, location: str, *, id: int = 1) -> None:
    request: Any = {"logType": kind, "requestId": id, "log": {"remoteLocation": location}}
    await desk.status(v201.GetLog(request), "Accepted")


async def _log_status(desk: CsmsDesk, *statuses: str, id: int = 1, within: float = UPLOADS_WITHIN) -> None:
    await desk.expect(
        "LogStatusNotification",
        lambda said: said["status"] in statuses and said.get("requestId", id) == id,
        within=within,
        what=f"({' or '.join(statuses)})",
    )


def _somewhere(desk: CsmsDesk) -> str:
    place = desk.options.log_location
    if not place:
        raise NotToBeHad("Nobody has said where logs may be uploaded to. Give --log-location URL.")
    return place


def _uploads(kind: str) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        await _log(desk, kind, _somewhere(desk))
        await _log_status(desk, "Uploading")
        await _log_status(desk, "Uploaded")

    return play


async def _upload_fails(desk: CsmsDesk) -> None:
    await _log(desk, "DiagnosticsLog", NOWHERE)
    await _log_status(desk, "UploadFailure", "PermissionDenied", "BadMessage", "NotSupportedOperation")


async def _asked_meanwhile(desk: CsmsDesk) -> None:
    await _log(desk, "DiagnosticsLog", _somewhere(desk))
    await _log_status(desk, "Uploading")
    await desk.trigger("LogStatusNotification")
    said = await desk.expect("LogStatusNotification", lambda said: said["status"] != "Uploaded", what="triggered")
    if said["status"] == "Idle" and desk.said("LogStatusNotification", lambda said: said["status"] == "Uploaded"):
        raise PeerError("The upload was over before the station could be asked about it.", kind="refused")
    told = said["status"], said.get("requestId")
    must(told == ("Uploading", 1), f"While a log is uploaded the station says {told[0]} of the request {told[1]}.")


async def _second_log(desk: CsmsDesk) -> None:
    await _log(desk, "DiagnosticsLog", NOWHERE)
    request: Any = {"logType": "DiagnosticsLog", "requestId": 2, "log": {"remoteLocation": NOWHERE}}
    await desk.status(v201.GetLog(request), "AcceptedCanceled")
    await _log_status(desk, "AcceptedCanceled")


# Firmware


async def _signed_by_nobody(desk: CsmsDesk) -> None:
    firmware: Any = {
        "location": NOWHERE,
        "retrieveDateTime": desk.time,
        "signingCertificate": pem((desk.pki.certificate("contract_leaf"),)),
        "signature": "MAYCAQECAQE=",
    }
    await desk.status(v201.UpdateFirmware({"requestId": 1, "firmware": firmware}), "InvalidCertificate")
    await desk.expect(
        "SecurityEventNotification",
        lambda said: said["type"] == "InvalidFirmwareSigningCertificate",
        what="(InvalidFirmwareSigningCertificate)",
    )


# Customers


def _customer(*, report: bool, clear: bool, known: bool, by: str = "idToken") -> Playing:
    async def play(desk: CsmsDesk) -> None:
        whom: Any = {
            "idToken": {
                "idToken": {"idToken": desk.options.card if known else desk.options.other_card, "type": "ISO14443"}
            },
            "customerIdentifier": {"customerIdentifier": "CUSTOMER-1"},
            "customerCertificate": {"customerCertificate": _contract(desk)},
        }[by]
        request: Any = {"requestId": 7, "report": report, "clear": clear, **whom}
        await desk.status(v201.CustomerInformation(request), "Accepted")
        if not report:
            await desk.never("NotifyCustomerInformation", within=5.0, what="that nobody has asked for")
            return
        more = True
        while more:
            part = await desk.expect("NotifyCustomerInformation", within=PATIENCE)
            must(part["requestId"] == 7, "NotifyCustomerInformation is of another request.")
            more = part.get("tbc", False)

    return play


def _contract(desk: CsmsDesk) -> Any:
    leaf, *above = desk.pki.chain("contract_leaf")
    return hash_data(leaf, above[0]).certificate_payload()


for _number, _title, _play, _use, _does, _expects, _when in (
    (
        "P_01",
        "Data Transfer to the Charging Station: Rejected / Unknown VendorId / Unknown MessagingId",
        _foreign_data,
        "P01",
        "DataTransfer with a vendorId nobody knows",
        "status Rejected, UnknownVendorId or UnknownMessageId",
        (),
    ),
    (
        "P_03",
        "CustomData: Receive custom data",
        _custom_data,
        "customData",
        "GetVariables with customData at two places",
        "it is answered as if that were not there",
        (),
    ),
    (
        "N_25",
        "Retrieve Log Information: Diagnostics Log - Success",
        _uploads("DiagnosticsLog"),
        "N01",
        "GetLog for the diagnostics log to --log-location",
        "LogStatusNotification: Uploading, then Uploaded",
        has("Logs"),
    ),
    (
        "N_35",
        "Retrieve Log Information: Security Log - Success",
        _uploads("SecurityLog"),
        "N01",
        "GetLog for the security log to --log-location",
        "LogStatusNotification: Uploading, then Uploaded",
        has("Logs"),
    ),
    (
        "N_26",
        "Retrieve Log Information: Diagnostics Log - Upload failed",
        _upload_fails,
        "N01",
        "GetLog for the diagnostics log to an address where nobody listens",
        "LogStatusNotification with a failure",
        has("Logs"),
    ),
    (
        "F_16",
        "Trigger message: LogStatusNotification - Uploading",
        _asked_meanwhile,
        "F06, N01",
        "GetLog to --log-location; while that is uploaded, TriggerMessage for LogStatusNotification",
        "LogStatusNotification: Uploading, of that request",
        (*has("Logs"), *has("Triggers", "LogStatusNotification")),
    ),
    (
        "L_05",
        "Secure Firmware Update: InvalidCertificate",
        _signed_by_nobody,
        "L01",
        "UpdateFirmware with a certificate that no maker has signed",
        "status InvalidCertificate; SecurityEventNotification (InvalidFirmwareSigningCertificate)",
        has("Firmware"),
    ),
    (
        "N_36",
        "Retrieve Log Information: Second Request",
        _second_log,
        "N01",
        "GetLog twice, while the first upload is not over",
        "AcceptedCanceled, and LogStatusNotification (AcceptedCanceled) for the first",
        has("Logs"),
    ),
    *(
        (
            number,
            title,
            _customer(report=report, clear=clear, known=known, by=by),
            "N09, N10",
            f"CustomerInformation by {by}: report {str(report).lower()}, clear {str(clear).lower()}",
            "status Accepted; NotifyCustomerInformation to the last part, if a report was asked for",
            has("CustomerInformation"),
        )
        for number, title, report, clear, known, by in (
            ("N_27", "Get Customer Information: Accepted + data", True, False, True, "idToken"),
            ("N_28", "Get Customer Information: Accepted + no data", True, False, False, "idToken"),
            ("N_30", "Clear Customer Information: Clear and report + data", True, True, True, "idToken"),
            ("N_31", "Clear Customer Information: Clear and report + no data", True, True, False, "idToken"),
            ("N_32", "Clear Customer Information: Clear and no report", False, True, True, "idToken"),
            (
                "N_62",
                "Clear Customer Information: Clear and report - customerIdentifier",
                True,
                True,
                True,
                "customerIdentifier",
            ),
            (
                "N_63",
                "Clear Customer Information: Clear and report - customerCertificate",
                True,
                True,
                True,
                "customerCertificate",
            ),
        )
    ),
):
    INFORMATION.add(_number, _title, _play, use_case=_use, does=_does, expects=_expects, when=_when)

_PENDING = "with ongoing transaction - AllowNewSessionsPendingFirmwareUpdate is"
for _number, _title in (
    ("L_01", "Installation successful"),
    ("L_02", "InstallScheduled"),
    ("L_03", "DownloadScheduled"),
    ("L_06", "InvalidSignature"),
    ("L_07", "DownloadFailed"),
    ("L_08", "InstallVerificationFailed or InstallationFailed"),
    ("L_10", "AcceptedCanceled"),
    ("L_11", "Unable to cancel"),
    ("L_18", "Missing firmware signing certificate and signature"),
    ("L_12", f"Unable to download/install firmware {_PENDING} true"),
    ("L_13", f"Unable to download/install firmware {_PENDING} false"),
    ("L_14", f"Unable to install and activate firmware {_PENDING} true"),
    ("L_15", f"Unable to install firmware {_PENDING} false"),
    ("L_16", "Able to update firmware with ongoing transaction"),
):
    INFORMATION.add(
        _number,
        f"Secure Firmware Update: {_title}",
        None,
        use_case="L01",
        does="UpdateFirmware",
        expects="FirmwareStatusNotification as it goes on",
        unsuited="It needs a firmware of the station's maker, signed by the maker, which nobody else can make.",
    )
INFORMATION.add(
    "E_19",
    "Stop transaction options: ParkingBayUnoccupied",
    None,
    use_case="E06",
    does="nothing",
    expects="nothing",
    unsuited="Somebody would have to drive out of a parking bay that the station watches.",
)
