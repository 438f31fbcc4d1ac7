"""Settings: the numbers of the product with their defaults, read once and passed on."""
