"""A Uniswap V3 pool through its events and states: read, replayed, recorded."""
