"""`rudr convert`: documents of earlier releases in the form of v1alpha1, with their comments and order."""
