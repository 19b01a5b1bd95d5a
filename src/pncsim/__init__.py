"""The whole Plug & Charge ecosystem in one program. Its rooms are the folders beside ``src``, linked in here."""
