"""What the operator does about the services themselves: participants, revocations, cleansing, and a test's controls."""
