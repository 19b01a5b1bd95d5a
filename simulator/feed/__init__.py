"""The event stream of a process at an MQTT broker, and commands that come from there. docs/feed.md is its interface."""
