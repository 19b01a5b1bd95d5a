"""Cars as they are met at charging stations: what is known of each as data, and how a vehicle of ours becomes one."""
