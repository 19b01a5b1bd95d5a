"""The vehicle's decisions, one function per response, split by chapter; ``table.STEPS`` says which answers what.

A step is given the session and the response, which has the right type, the right SessionID and a code that is not
FAILED (the provisioning steps see FAILED ones too). It writes what it learned into the session and returns a decision;
what the station did wrong it raises as PeerError.
"""
