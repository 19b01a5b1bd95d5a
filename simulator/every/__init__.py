"""Everything there is to run, run at once: which runs, which of them, in which processes, and what they came to."""
