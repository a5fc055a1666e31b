"""Rules about what several aircraft do with each other."""
