"""Numbers as files and feeds write them."""


def read_number(text: str) -> float:
    """Return the number that a text is. Raises ValueError of what only Python takes for one, too: 1_000 for 1000."""
    if "_" in text:
        raise ValueError(f"no number: {text}")
    return float(text)
