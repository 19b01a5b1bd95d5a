#!/usr/bin/env bash
# npm @citrineos/base 1.8.2 (the CSMS of CitrineOS), MeterValueUtils.getTotalKwh, what a transaction is billed by.
# Sure beforehand: in OCPP 2.0.1 what has a default may be written out or left out (measurand Energy.Active.Import.Register,
# context Sample.Periodic, location Outlet), the samples of one meter value have no order, and each has a context and a
# location of its own. So one reading, however it is written, is one amount.
# What happens: a register per phase counts with its measurand written out and is 0 kWh without; a reading is dropped
# where the sample before it in its meter value is of the clock (Sample.Clock), and counts where it stands first; of a
# station that measures at inlet and outlet the first sample counts, whichever that is, so 2.9 kWh come of 3.3 at the one
# and 3.0 at the other. A station that writes everything out, and energy at the outlet first, is understood.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts @citrineos/base@1.8.2 >npm.log 2>&1 || { cat npm.log; exit 1; }
cat >total.mjs <<'JS'
import { MeterValueUtils } from "@citrineos/base";

const at = (minute, ...sampledValue) => ({ timestamp: `2026-11-29T12:${minute}:00Z`, sampledValue });
const total = (what, ...meterValues) => console.log(`${what}: ${MeterValueUtils.getTotalKwh(meterValues)} kWh`);
const measurand = "Energy.Active.Import.Register";
const phases = (value, more) => ["L1", "L2", "L3"].map((phase) => ({ value, phase, ...more }));
const [begin, end, clock] = ["Transaction.Begin", "Transaction.End", "Sample.Clock"].map((context) => ({ context }));
const volts = { value: 230, measurand: "Voltage", ...clock };
const energy = { value: 4000, measurand, ...end };
const inlet = (value) => ({ value, measurand, location: "Inlet" });
const outlet = (value) => ({ value, measurand, location: "Outlet" });

total("no phases, measurand left out", at("00", { value: 1000, ...begin }), at("30", { value: 4000, ...end }));
total("three phases, written out", at("00", ...phases(1000, { measurand })), at("30", ...phases(2000, { measurand })));
total("three phases, left out", at("00", ...phases(1000)), at("30", ...phases(2000)));
total("energy, then a voltage of the clock", at("00", { value: 1000, measurand, ...begin }), at("30", energy, volts));
total("a voltage of the clock, then energy", at("00", { value: 1000, measurand, ...begin }), at("30", volts, energy));
total("outlet first", at("00", outlet(900), inlet(1000)), at("30", outlet(3900), inlet(4300)));
total("inlet first, then outlet first", at("00", inlet(1000), outlet(900)), at("30", outlet(3900), inlet(4300)));
JS
seen=$(node total.mjs)
echo "$seen"
kept="no phases, measurand left out: 3 kWh
three phases, written out: 3 kWh
three phases, left out: 0 kWh
energy, then a voltage of the clock: 3 kWh
a voltage of the clock, then energy: 0 kWh
outlet first: 3 kWh
inlet first, then outlet first: 2.9 kWh"
[ "$seen" = "$kept" ] || { echo "CHANGED: how CitrineOS adds up a transaction's energy"; exit 1; }
