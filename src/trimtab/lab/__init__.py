"""Experiments: the local world, the agents that live in it, and studies of them."""
