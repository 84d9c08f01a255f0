"""OAM v1alpha1 documents as frozen values: read, located, checked, resolved. Pure.

parse                 any document -> its value, with all its problems and warnings
parse_application     ApplicationConfiguration
parse_component       ComponentSchematic
parse_container       its containers
parse_definition      Trait, WorkloadType, ApplicationScope, ComponentInstance, HealthScope
parse_metadata        what all kinds have in common
validate_application  the rules between the fields of an ApplicationConfiguration
validate_component    the rules between the fields of a ComponentSchematic
resolve               parameters and variables put in

application           the values of an ApplicationConfiguration
component             the values of a ComponentSchematic
definition            the values of the other kinds
identity              keys, metadata, names of types
document              a document as it was read, positions, and what a reader hands back
condition             conditions, and how they change

yamlfile              text of a file -> documents with positions, as kubectl reads it
yamltree              YAML events -> values with positions, within limits
scalars               what a plain scalar means

reader                one map of a document, field by field, every mistake noted
quantity              amounts in Kubernetes' notation
parameter_types       the types of parameters
names                 the forms of names
paths                 JSON paths as text
suggest               the nearest known name

crds                  the custom resource definitions, printed
schema_application    their schemas, in the words of `kubectl explain`
schema_component
schema_definition
schema_nodes          building blocks of schemas

No I/O but the printer's, no clock, no knowledge of which types are installed: the catalog decides that.
"""
