"""What runs in one terminal, seen and steered from a dashboard in another."""
