"""What happened, all of it, in order: records, replay, reconciliation, and profit told in parts."""
