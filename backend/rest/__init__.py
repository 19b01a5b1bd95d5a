"""What the services' HTTP faces share: routes with rights, bodies, and the client."""
