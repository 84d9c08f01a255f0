"""The six core workload types and the pod template that they share."""
