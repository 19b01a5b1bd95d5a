"""Transactions: each case is the events a station sends, in their order, all of which have to be answered."""

from __future__ import annotations

from pncsim.simulator.conformance.csms.course import Plugged, Swiped
from pncsim.simulator.conformance.csms.rows.table import (
    ALLOWED,
    CHARGING,
    FLOWS,
    FREE,
    OVER,
    PLUGGED_IN,
    STOPPED,
    UNPLUGGED,
    add_rows,
    begins,
    ends,
    goes_on,
)
from pncsim.simulator.conformance.octt import OcttCases

TRANSACTIONS = OcttCases("transactions")
CASES = TRANSACTIONS.cases

add_rows(
    TRANSACTIONS,
    ("E_03", "Local start transaction - Cable plugin first: Success", "E03", CHARGING),
    (
        "E_04",
        "Local start transaction - Authorization first: Success",
        "E03",
        (
            Swiped(),
            begins("Authorized", card="card"),
            Plugged("Occupied"),
            goes_on("CablePluggedIn", "EVConnected"),
            FLOWS,
        ),
    ),
    (
        "E_38",
        "Local start transaction: EV not ready",
        "E03",
        (*PLUGGED_IN, *ALLOWED, goes_on("ChargingStateChanged", "SuspendedEV")),
    ),
    ("E_09", "Start transaction options: EVConnected", "E01(S2)", PLUGGED_IN),
    (
        "E_10",
        "Start transaction options: Authorized - Local",
        "E01(S3)",
        (Swiped(), begins("Authorized", card="card")),
    ),
    (
        "E_11",
        "Start transaction options: DataSigned",
        "E01(S4)",
        (
            Plugged("Occupied"),
            Swiped(),
            begins("SignedDataReceived", "EVConnected", card="card", values="Transaction.Begin", signed=True),
        ),
    ),
    (
        "E_01",
        "Start transaction options: PowerPathClosed",
        "E01(S5)",
        (Plugged("Occupied"), Swiped(), begins("Authorized", "EVConnected", card="card")),
    ),
    (
        "E_02",
        "Start transaction options: EnergyTransfer",
        "E01(S6)",
        (Plugged("Occupied"), Swiped(), begins("ChargingStateChanged", "Charging", card="card")),
    ),
    ("E_12", "Start transaction options: ParkingBayOccupied", "E01(S1)", (begins("EVDetected"),)),
    (
        "E_14",
        "Stop transaction options: EVDisconnected - Charging Station side",
        "E06(S2)",
        (*CHARGING, STOPPED, FREE, ends("EVCommunicationLost", "Local", "Idle")),
    ),
    (
        "E_20",
        "Stop transaction options: EVDisconnected - EV side (able to charge IEC 61851-1 EV)",
        "E06(S2), E10",
        (*CHARGING, ends("EVCommunicationLost", "EVDisconnected", "Idle"), FREE),
    ),
    (
        "E_15",
        "Stop transaction options: StopAuthorized - Local",
        "E06(S3)",
        (*CHARGING, OVER, FREE),
    ),
    (
        "E_16",
        "Stop transaction options: Deauthorized - Invalid idToken",
        "E06(S3)",
        (
            *PLUGGED_IN,
            goes_on("Authorized", "EVConnected", card="unknown_card"),
            ends("Deauthorized", "DeAuthorized", "EVConnected"),
        ),
    ),
    (
        "E_39",
        "Stop transaction options: Deauthorized - timeout",
        "E06(S3)",
        (Swiped(), begins("Authorized", card="card"), ends("EVConnectTimeout", "Timeout")),
    ),
    (
        "E_07",
        "Stop transaction options: PowerPathClosed - Local stop",
        "E06(S5)",
        (*CHARGING, OVER, FREE),
    ),
    (
        "E_22",
        "Stop transaction options: EnergyTransfer stopped - SuspendedEV",
        "E06(S6)",
        (*CHARGING, ends("ChargingStateChanged", "StoppedByEV", "SuspendedEV")),
    ),
    (
        "E_19",
        "Stop transaction options: ParkingBayUnoccupied",
        "E06(S1)",
        (*CHARGING, STOPPED, UNPLUGGED, FREE, ends("EVDeparted", "Local")),
    ),
    (
        "E_26",
        "Disconnect cable on EV-side: Suspend transaction",
        "E10",
        (*CHARGING, UNPLUGGED, FREE, Plugged("Occupied"), goes_on("CablePluggedIn", "EVConnected"), FLOWS),
    ),
    (
        "J_02",
        "Clock-aligned Meter Values: Transaction ongoing",
        "J01",
        (*CHARGING, goes_on("MeterValueClock", "Charging", values="Sample.Clock")),
    ),
    (
        "J_03",
        "Clock-aligned Meter Values: EventType Ended",
        "J01",
        (*CHARGING, ends("StopAuthorized", "Local", "EVConnected", card="card", values="Sample.Clock")),
    ),
    (
        "J_04",
        "Clock-aligned Meter Values: Signed",
        "J01",
        (*CHARGING, goes_on("MeterValueClock", "Charging", values="Sample.Clock", signed=True)),
    ),
    (
        "J_07",
        "Sampled Meter Values: EventType Started - EVSE known",
        "J02",
        (Plugged("Occupied"), begins("CablePluggedIn", "EVConnected", values="Transaction.Begin")),
    ),
    (
        "J_08",
        "Sampled Meter Values: Context Transaction.Start - EVSE not known",
        "J02",
        (
            Swiped(),
            begins("Authorized", card="card", evse=0),
            goes_on("CablePluggedIn", "EVConnected", values="Transaction.Begin"),
        ),
    ),
    (
        "J_09",
        "Sampled Meter Values: EventType Updated",
        "J02",
        (*CHARGING, goes_on("MeterValuePeriodic", "Charging", values="Sample.Periodic")),
    ),
    (
        "J_10",
        "Sampled Meter Values: EventType Ended",
        "J02",
        (*CHARGING, ends("StopAuthorized", "Local", "EVConnected", card="card", values="Transaction.End")),
    ),
    (
        "J_11",
        "Sampled Meter Values: Signed",
        "J02",
        (*CHARGING, goes_on("MeterValuePeriodic", "Charging", values="Sample.Periodic", signed=True)),
    ),
    (
        "E_08",
        "Stop transaction options: EnergyTransfer stopped - StopAuthorized",
        "E06(S6)",
        (
            *CHARGING,
            Swiped(),
            ends("StopAuthorized", "Local", "EVConnected", card="card", values="Transaction.End"),
            FREE,
        ),
    ),
    (
        "E_17",
        "Stop transaction options: Deauthorized - EV side disconnect",
        "E06(S3), E10",
        (*CHARGING, UNPLUGGED, ends("EVCommunicationLost", "EVDisconnected", "Idle"), FREE),
    ),
    (
        "E_53",
        "Reset Sequence Number: CSMS accepting seqNo = 0 at start of transaction",
        "E01",
        (*CHARGING, OVER, FREE, *CHARGING, OVER, FREE),
    ),
)
