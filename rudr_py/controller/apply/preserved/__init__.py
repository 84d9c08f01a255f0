"""Parts of a live object that an apply leaves as they are."""
