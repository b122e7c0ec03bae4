"""The exact transitions of a Morpho market, and what can be asked of it."""
