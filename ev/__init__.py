"""The vehicle: EVCC engine, its shell, contracts and keys, battery."""
