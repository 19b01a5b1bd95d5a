"""Services that stand alone (`pnc serve`): all of them together, parts of them, and back ends at services of others."""
