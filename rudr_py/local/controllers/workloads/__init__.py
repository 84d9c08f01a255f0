"""Controllers of workloads: from Deployments and Jobs down to pods."""
