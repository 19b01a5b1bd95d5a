"""The lab: builds and wires all actors, runs scenarios, tells the story, judges."""
