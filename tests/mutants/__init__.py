"""Do the checks notice a wrong rounding, a wrong bound, a wrong constant in the exact models?

`make mutants` changes the models one place at a time (`mutate` tells how) and runs each mutant in
a process of its own, where its module is loaded in the place of the real one, and everything built
on it anew. A mutant has to be killed by a check that also runs in `make test`:

1. the adapter law on the real bytecode: sequences of actions that the unchanged models drew, on
   every stage of `stages`, are run against the mutant; a few at first, and all of them at the end;
2. the models' own tests, the quick ones first.

Only what runs the changed function is run of both, as seen beforehand on the unchanged models,
which have to pass everything. A mutant under which a check does not end is killed too.

What survives shows a gap, to be closed by a test or a better drawing; or it computes the same as
the original, and is listed in `equivalents.toml` with the proof. The exit code is 0 only if all
others are killed, and whatever is listed exists and survives.

Every module of `trimtab.protocols` is changed: the models, and what encodes, decodes and observes.
`make test` runs a sample of ten (`--sample 10 --seed 1`), for which the tests are not run
beforehand: those that killed are run at the end, without a mutant, and have to pass.
"""
