"""A lab that stays open and is played by hand: vehicles and stations as their drivers see them."""
