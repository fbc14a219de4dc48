"""The `seqbench` sweeper of Hydra: `-m` and the sweeps of experiments, planned together."""
