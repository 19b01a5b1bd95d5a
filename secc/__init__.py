"""The charging station: SECC engine, its shell, EVSE power model, OCPP station."""
