"""Documents + catalog + observed + now -> Plan, and observed -> status. Pure: no clock, network or environment."""
