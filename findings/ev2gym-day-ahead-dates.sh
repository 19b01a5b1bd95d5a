#!/usr/bin/env bash
# PyPI ev2gym 2.0.0 (simulator of vehicle-to-grid charging), its Dutch day-ahead prices of 2015 to 2024, with pandas 3.1.1.
# Sure beforehand: one column of a table, named Datetime (UTC), has one way to write a time and each hour once; and a
# simulated day is charged at the prices of that day.
# What happens: up to 30 September 2023 the times are written 2023-09-30 23:00:00, then comes a row without a time and with
# the price 0.0, then 31/12/2022 23:00: nine months of 2023 are there twice (with the same prices), the hour before
# 31 December of 2023 and of 2024 not at all. The simulator reads both kinds month first where that makes a date, without
# an error: from October 2023 on each day whose number could be a month is charged at the prices of its mirror, 3 February
# at those of 2 March. Who takes prices from this table reads its two parts apart, the second day first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
# what the package needs without the solver, whose licence it wants, and without the power flow, which no price depends on
venv/bin/pip install -q --no-deps ev2gym==2.0.0 gymnasium==1.4.0 2>pip.log || { cat pip.log; exit 1; }
venv/bin/pip install -q pandas==3.1.1 numpy==2.4.6 matplotlib==3.11.2 pyyaml cloudpickle farama-notifications typing-extensions "setuptools<81" 2>pip.log || { cat pip.log; exit 1; }
cat >prices.py <<'PY'
import csv
import datetime as dt
import sys
import types
import warnings
from importlib import resources

warnings.simplefilter("ignore")
grid = types.ModuleType("ev2gym.models.grid")
grid.PowerGrid = None
sys.modules["ev2gym.models.grid"] = grid
from ev2gym.utilities.loaders import load_electricity_prices  # noqa: E402

HOUR = dt.timedelta(hours=1)
table = resources.files("ev2gym") / "data" / "Netherlands_day-ahead-2015-2024.csv"
rows = [(row[1], float(row[3])) for row in csv.reader(table.read_text().splitlines()[1:])]
blank = [at for at, (time, _) in enumerate(rows) if not time]
first = {dt.datetime.fromisoformat(time): price for time, price in rows[: blank[0]]}
second = {dt.datetime.strptime(time, "%d/%m/%Y %H:%M"): price for time, price in rows[blank[0] + 1 :]}
twice = first.keys() & second.keys()
missing = [time for time in map(min(second).__add__, (HOUR * n for n in range(len(second)))) if time not in second]
print(f"rows without a time: {len(blank)}, hours twice: {len(twice)}, other price: {sum(first[time] != second[time] for time in twice)}")
print("missing:", *(f"{time:%Y-%m-%d %H:%M}" for time in missing))


def charged(time: dt.datetime) -> float:
    site = types.SimpleNamespace(
        load_from_replay_path=None, price_data=None, cs=1, simulation_length=1, timescale=60, sim_date=time, config={"discharge_price_factor": 1}
    )
    return round(float(load_electricity_prices(site)[1][0, 0]) * 1000, 2)


day, mirrored, later = (dt.datetime(2024, *date, 12) for date in ((2, 3), (3, 2), (2, 20)))
for time in (day, mirrored, later):
    print(f"{time:%Y-%m-%d %H:%M}: in the table {second[time]}, charged {charged(time)} EUR/MWh")
seen = len(blank), len(twice), len(missing), [charged(time) for time in (day, mirrored, later)]
if seen != (1, 6553, 2, [second[mirrored], second[day], second[later]]) or second[day] == second[mirrored]:
    sys.exit(f"CHANGED: the prices of ev2gym or how it reads them: {seen}")
PY
venv/bin/python prices.py
