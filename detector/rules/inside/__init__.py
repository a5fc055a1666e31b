"""What the incursion rule asks of each report, and of the path between two."""
