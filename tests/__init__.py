"""The tests; their folders mirror the packages under `src/trimtab`."""
