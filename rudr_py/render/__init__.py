"""Documents + catalog + observed + now -> Plan, and observed -> status. Pure: no clock, no network, no environment.

rendering    the door: everything that is to exist for one application
status       the status of an application, and of its scopes' objects, from the plan and what was observed
inputs       what may be looked at
plan         what is to exist
prepare      looks up components and types, resolves parameters, checks properties
instance     calls the types of one instance and puts their answers together
membership   which scopes an instance belongs to, and which members a scope has
scopes       renders the scopes that an application declares
root         the scopes of those that are in no other
fitting      whether a trait may be attached to a workload type
extended     workload types that only a WorkloadType object of the cluster knows
narrowing    what the definitions of the cluster add to the installed types
definitions  the installed types as definitions, to be published
calling      calls a type: copies in, a checked copy out
scaling      merges the sizes that traits ask for
edits        applies the edits of traits and workload types
check        properties against schemas
stamp        labels and names of our objects
health       asks types how their objects are doing
running      objects that run to their end once per change of their inputs
conditions   what the conditions of an application say
packages     which packages the types in use come from
memory       what a stored status remembers for the next one
legacy       the words of Rudr's status
digest       short digests of values
"""
