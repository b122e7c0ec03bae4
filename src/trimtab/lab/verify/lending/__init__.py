"""Histories of lending pools' reserves: their rates and indices held to the model's."""
