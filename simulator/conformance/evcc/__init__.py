"""Cases for a vehicle's ISO 15118-2 side; the tester is a station of ours that answers what the case says."""
