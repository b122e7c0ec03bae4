"""The chain: every EVM byte in or out. What comes from outside is hostile until it is checked."""
