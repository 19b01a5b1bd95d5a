"""The lab: all actors of an ecosystem, built and wired for a transport, and what a scenario says to it."""
