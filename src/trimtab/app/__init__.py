"""The command line and what people see: it reads the journal, builds a world, starts the loop."""
