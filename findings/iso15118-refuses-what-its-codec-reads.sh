#!/usr/bin/env bash
# PyPI iso15118 0.31.2 (EcoG's station and vehicle): its EXI codec, which is made from the schemas, and its models, which
# every decoded message must pass. Needs Java.
# Sure beforehand: what the codec reads, the models take; the schema decides. (Known already: remaining times in minutes
# and an empty SessionID are refused.)
# What happens: in each pair below the models take the plain message and refuse the same with one thing more or less that
# the schema allows and the codec decodes (V2GMessageValidationError). ISO 15118-2: any CertificateUpdateReq at all (the
# eMAID must be an object there, while the schema has a string), a service parameter with a physical value, a meter
# beyond 999,999,999 Wh, a third Sub-CA. ISO 15118-20: the list of supported providers, a contract certificate of more
# than 800 octets (schema 1600), a schedule without prices, a power profile without tolerance, display parameters
# without ChargingComplete, a meter's discharged energy. DIN SPEC 70121: an EVSEID of more than 16 octets (schema 32),
# five of the ten energy transfer types a station can offer, a list of services, and DIN's own response code
# FAILED_WrongEnergyTransferType: the models have ISO's name for it, ..Mode, which in turn the codec cannot encode.
set -euo pipefail
command -v java >/dev/null || { echo "java is not here"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q iso15118==0.31.2 marshmallow==3.26.2 2>pip.log || { cat pip.log; exit 1; }
cat >pairs.py <<'PY'
import base64
import copy
import json
import logging
import sys

logging.disable()
from iso15118.shared.settings import load_shared_settings

load_shared_settings()
from iso15118.shared.exi_codec import EXI

DIN = "urn:din:70121:2012:MsgDef"
MSG2 = "urn:iso:15118:2:2013:MsgDef"
COMMON, AC, DC = (f"urn:iso:std:iso:15118:-20:{part}" for part in ("CommonMessages", "AC", "DC"))


def octets(count: int) -> str:
    return base64.b64encode(bytes(count)).decode()


def session(body: dict) -> dict:
    return {"V2G_Message": {"Header": {"SessionID": "AABBCCDDEEFF0011"}, "Body": body}}


def twentieth(name: str, **content: object) -> dict:
    return {name: {"Header": {"SessionID": "AABBCCDDEEFF0011", "TimeStamp": 1700000000}, **content}}


def number(value: int) -> dict:
    return {"Exponent": 0, "Value": value}


root_ids = {"RootCertificateID": [{"X509IssuerName": "CN=Lab V2G Root", "X509SerialNumber": 1}]}
chain = {"Certificate": octets(500), "SubCertificates": {"Certificate": [octets(500), octets(500)]}}
details = {"ResponseCode": "OK", "ServiceID": 3, "ServiceParameterList": {"ParameterSet": [{"ParameterSetID": 1, "Parameter": [{"Name": "x"}]}]}}
evse = {"ResponseCode": "OK", "EVSEID": "DE*ABC*E1", "SAScheduleTupleID": 1, "AC_EVSEStatus": {"NotificationMaxDelay": 0, "EVSENotification": "None", "RCD": False}}
setup = twentieth("AuthorizationSetupRes", ResponseCode="OK", AuthorizationServices=["PnC"], CertificateInstallationService=True, PnC_ASResAuthorizationMode={"GenChallenge": octets(16)})
authorization = twentieth(
    "AuthorizationReq", SelectedAuthorizationService="PnC",
    PnC_AReqAuthorizationMode={"Id": "id1", "GenChallenge": octets(16), "ContractCertificateChain": {"Certificate": octets(800), "SubCertificates": {"Certificate": [octets(500)]}}},
)
prices = {"TimeAnchor": 0, "PriceScheduleID": 1, "NumberOfPriceLevels": 1, "PriceLevelScheduleEntries": {"PriceLevelScheduleEntry": [{"Duration": 3600, "PriceLevel": 1}]}}
power = {"TimeAnchor": 0, "PowerScheduleEntries": {"PowerScheduleEntry": [{"Duration": 3600, "Power": number(20)}]}}
schedule = twentieth(
    "ScheduleExchangeRes", ResponseCode="OK", EVSEProcessing="Finished",
    Scheduled_SEResControlMode={"ScheduleTuple": [{"ScheduleTupleID": 1, "ChargingSchedule": {"PowerSchedule": power, "PriceLevelSchedule": prices}}]},
)
delivery = twentieth(
    "PowerDeliveryReq", EVProcessing="Finished", ChargeProgress="Start",
    EVPowerProfile={
        "TimeAnchor": 0, "EVPowerProfileEntries": {"EVPowerProfileEntry": [{"Duration": 3600, "Power": number(20)}]},
        "Scheduled_EVPPTControlMode": {"SelectedScheduleTupleID": 1, "PowerToleranceAcceptance": "PowerToleranceConfirmed"},
    },
)
request = twentieth(
    "DC_ChargeLoopReq", DisplayParameters={"PresentSOC": 50, "ChargingComplete": False}, MeterInfoRequested=False, EVPresentVoltage=number(400),
    Scheduled_DC_CLReqControlMode={"EVTargetCurrent": number(20), "EVTargetVoltage": number(400)},
)
response = twentieth("AC_ChargeLoopRes", ResponseCode="OK", MeterInfo={"MeterID": "M", "ChargedEnergyReadingWh": 5}, Scheduled_AC_CLResControlMode={})
install = session({"CertificateInstallationRes": {
    "ResponseCode": "OK", "SAProvisioningCertificateChain": chain, "ContractSignatureCertChain": {"Id": "id1", **chain},
    "ContractSignatureEncryptedPrivateKey": {"Id": "id2", "value": octets(48)}, "DHpublickey": {"Id": "id3", "value": octets(65)}, "eMAID": {"Id": "id4", "value": "DE8AACA2B3C4D5L"},
}})


def changed(message: dict, path: str, value: object = None) -> dict:
    """The message with the place at this path set, or taken away for None."""
    message = copy.deepcopy(message)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    place = message
    for step in steps:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return message


din_setup = session({"SessionSetupRes": {"ResponseCode": "OK_NewSessionEstablished", "EVSEID": "41" * 16}})
din_services = session({"ServiceDiscoveryRes": {
    "ResponseCode": "OK", "PaymentOptions": {"PaymentOption": ["ExternalPayment"]},
    "ChargeService": {"ServiceTag": {"ServiceID": 1, "ServiceCategory": "EVCharging"}, "FreeService": True, "EnergyTransferType": "DC_extended"},
}})
din_stop = session({"SessionStopRes": {"ResponseCode": "FAILED"}})
internet = {"Service": [{"ServiceTag": {"ServiceID": 2, "ServiceCategory": "Internet"}, "FreeService": True}]}
offers = "DC_dual", "AC_core1p_DC_extended", "AC_single_DC_core", "AC_single_phase_three_phase_core_DC_extended", "AC_core3p_DC_extended"
parameter = "V2G_Message/Body/ServiceDetailRes/ServiceParameterList/ParameterSet/0/Parameter/0/"
detail = session({"ServiceDetailRes": details})
status = session({"ChargingStatusRes": {**evse, "MeterInfo": {"MeterID": "M", "MeterReading": 999_999_999}}})
pairs = {
    "CertificateUpdateReq (beside it: CertificateInstallationReq)": (
        MSG2,
        session({"CertificateInstallationReq": {"Id": "id1", "OEMProvisioningCert": octets(500), "ListOfRootCertificateIDs": root_ids}}),
        session({"CertificateUpdateReq": {"Id": "id1", "ContractSignatureCertChain": chain, "eMAID": "DE8AACA2B3C4D5L", "ListOfRootCertificateIDs": root_ids}}),
    ),
    "service parameter with a physical value": (
        MSG2, changed(detail, parameter + "intValue", 20), changed(detail, parameter + "physicalValue", {"Multiplier": 0, "Unit": "A", "Value": 20}),
    ),
    "meter reading 1,000,000,000 Wh": (MSG2, status, changed(status, "V2G_Message/Body/ChargingStatusRes/MeterInfo/MeterReading", 1_000_000_000)),
    "third Sub-CA": (MSG2, install, changed(install, "V2G_Message/Body/CertificateInstallationRes/ContractSignatureCertChain/SubCertificates/Certificate", 3 * [octets(500)])),
    "supported providers": (COMMON, setup, changed(setup, "AuthorizationSetupRes/PnC_ASResAuthorizationMode/SupportedProviders", {"ProviderID": ["DE8AA"]})),
    "certificate of 801 octets": (COMMON, authorization, changed(authorization, "AuthorizationReq/PnC_AReqAuthorizationMode/ContractCertificateChain/Certificate", octets(801))),
    "schedule without prices": (COMMON, schedule, changed(schedule, "ScheduleExchangeRes/Scheduled_SEResControlMode/ScheduleTuple/0/ChargingSchedule/PriceLevelSchedule")),
    "profile without tolerance": (COMMON, delivery, changed(delivery, "PowerDeliveryReq/EVPowerProfile/Scheduled_EVPPTControlMode/PowerToleranceAcceptance")),
    "display without ChargingComplete": (DC, request, changed(request, "DC_ChargeLoopReq/DisplayParameters/ChargingComplete")),
    "discharged energy": (AC, response, changed(response, "AC_ChargeLoopRes/MeterInfo/BPT_DischargedEnergyReadingWh", 6)),
    "DIN EVSEID of 17 octets": (DIN, din_setup, changed(din_setup, "V2G_Message/Body/SessionSetupRes/EVSEID", "41" * 17)),
    **{f"DIN {offer}": (DIN, din_services, changed(din_services, "V2G_Message/Body/ServiceDiscoveryRes/ChargeService/EnergyTransferType", offer)) for offer in offers},
    "DIN list of services": (DIN, din_services, changed(din_services, "V2G_Message/Body/ServiceDiscoveryRes/ServiceList", internet)),
    "DIN FAILED_WrongEnergyTransferType": (DIN, din_stop, changed(din_stop, "V2G_Message/Body/SessionStopRes/ResponseCode", "FAILED_WrongEnergyTransferType")),
}
codec = EXI().get_exi_codec()


def taken(namespace: str, message: dict) -> bool:
    stream = codec.encode(json.dumps(message), namespace)
    assert json.loads(codec.decode(stream, namespace)) == message, "the codec gives back something else"
    try:
        EXI().from_exi(stream, namespace)
    except Exception as error:
        if type(error).__name__ not in ("EXIDecodingError", "V2GMessageValidationError"):
            raise
        return False
    return True


good = True
for name, (namespace, plain, special) in pairs.items():
    seen = taken(namespace, plain), taken(namespace, special)
    print(f"{name}: the plain message {'taken' if seen[0] else 'REFUSED'}, this one {'TAKEN' if seen[1] else 'refused'}")
    good = good and seen == (True, False)
try:
    codec.encode(json.dumps(changed(din_stop, "V2G_Message/Body/SessionStopRes/ResponseCode", "FAILED_WrongEnergyTransferMode")), DIN)
    print("DIN FAILED_WrongEnergyTransferMode: ENCODED")
    good = False
except Exception as error:
    good = good and "No conversion value provided" in str(error)
    print("DIN FAILED_WrongEnergyTransferMode: not encoded", "(no such value)" if good else error)
codec.gateway.shutdown()
if not good:
    sys.exit("CHANGED: iso15118's models take or refuse other messages now")
PY
venv/bin/python pairs.py
