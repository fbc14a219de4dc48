"""Floor 4: the correctness gate, timing, memory, ceilings, and what one implementation costs."""
