"""Lab files: who takes part, said in TOML."""
