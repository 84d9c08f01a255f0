"""The order of instances: dependencies that types return, their problems, and the instances that wait. Pure."""
