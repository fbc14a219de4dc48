"""What seqbench brings, by family: one module each with its CONTRACTS and COMPOSITIONS.

Specs alone: nothing of a target is imported here.
"""
