"""The suite for charging stations' OCPP side."""
