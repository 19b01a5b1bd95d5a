"""What travels between the actors: codec, messages, TLS, OCPP frames, time and events. No actor lives here."""
