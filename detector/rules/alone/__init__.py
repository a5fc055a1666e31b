"""Rules about what one aircraft does."""
