"""What the lines of Aave V3 have in common: their arithmetic, and how they pack settings."""
