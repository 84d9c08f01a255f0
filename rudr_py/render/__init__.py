"""Documents + catalog + observed + now -> Plan, and observed -> status. Pure: no clock, no network, no environment.

rendering    the door: everything that is to exist for one application
status       the status of an application, from the plan and what was observed
inputs       what may be looked at
plan         what is to exist
prepare      looks up components and types, resolves parameters, checks properties
instance     calls the types of one instance and puts their answers together
calling      calls a type: copies in, a checked copy out
scaling      merges the sizes that traits ask for
edits        applies the edits of traits and workload types
check        properties against schemas
stamp        labels and names of our objects
health       asks types how their objects are doing
legacy       the words of Rudr's status
digest       short digests of values
"""
