"""The exact transitions of an Aave V3 pool, and what can be asked of it."""
