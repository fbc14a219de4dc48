"""Getting the files of real data sets: where they come from, how they are made, what is there."""
