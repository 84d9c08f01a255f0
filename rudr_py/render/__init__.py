"""Documents + catalog + observed + now -> Plan, and observed -> status. Pure: no clock, no network, no environment.

inputs       what may be looked at
plan         what is to exist
"""
