"""`python -m seqbench` is the command `seqbench`."""

import sys

from seqbench.cli import main

sys.exit(main())
