"""OCPP-J: versions, frames, schemas and the session both a charging station and a CSMS run."""
