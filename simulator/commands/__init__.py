"""The commands of `pnc`, one file each; each imports what it needs when it runs."""
