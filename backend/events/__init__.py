"""What has happened at the services, told to whom it concerns: facts and the bus they travel by."""
