"""The suite for management systems: the tester is a charging station that speaks OCPP 2.0.1."""
