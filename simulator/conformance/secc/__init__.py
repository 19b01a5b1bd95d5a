"""Cases for a charging station's ISO 15118-2 side; the tester is a vehicle of ours that says what the case says."""
