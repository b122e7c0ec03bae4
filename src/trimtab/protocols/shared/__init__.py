"""What several protocols share; it knows none of them."""
