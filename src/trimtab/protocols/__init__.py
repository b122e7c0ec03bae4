"""Protocols: each as the chain runs it and as we model it, five modules each."""
