"""OCPP-J 2.0.1: frames, schemas and the session both a charging station and a CSMS run."""
