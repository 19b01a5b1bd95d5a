"""Actors that are taken away in the middle of a session, and come back: killed, or silent for a while."""
