"""What is wrong with a deployment of the cloud, and what mends it."""
