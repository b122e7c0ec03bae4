"""How much where, under costs and limits."""
