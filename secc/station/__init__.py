"""The charging station's OCPP side: boot, certificates, authorisation and transactions towards the CSMS."""
