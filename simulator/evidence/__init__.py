"""Readers of the event stream: the story for people, the folder of evidence."""
