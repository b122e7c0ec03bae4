"""The engine: one pure tick, one loop, and the worlds that it runs in."""
