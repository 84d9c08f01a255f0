"""`rudr doctor`: checks of an installation or an application, with advice.

command         the command
reader          reads the facts about an installation or an application; `access_reviews` asks for permissions
finding         the result of a check, and findings as text
installation    the checks of an installation; `deployment` those of the controller's Deployment and Lease, `types`
                those of the types that documents use, `author_policy` those of the caller's writes
application     the checks of an application, with those of `workload_pods`; `advice` has the advice for a reason

Checks are functions of values that return findings. They do not access the cluster.
"""
