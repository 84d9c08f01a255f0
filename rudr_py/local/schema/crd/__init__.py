"""The schemas of CustomResourceDefinitions: as nodes, and the reasons for which a server refuses one."""
