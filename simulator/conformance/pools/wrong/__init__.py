"""Services of ours that are wrong in one point, by what is wrong with them."""


def as_typed(text: str) -> str:
    """What names a vehicle or a contract, as whoever asks has typed it."""
    return text
