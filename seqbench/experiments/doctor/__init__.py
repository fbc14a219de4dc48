"""What `seqbench doctor` does: looks at the machine, times the same code twice, certifies."""
