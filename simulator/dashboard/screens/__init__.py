"""The screens of the dashboard: views over the scene."""
