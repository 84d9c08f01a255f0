"""The protobuf encoding of the Kubernetes API: numbers from `fields.txt`, types from the schemas of a release."""
