"""The world on which lenders, vaults, stakes and perpetuals are held to their contracts."""

from trimtab.lab.world.spec import DEFAULT_WORLD

CREDIT_WORLD = DEFAULT_WORLD
"""The world of the demonstration."""
