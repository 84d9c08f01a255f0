"""The machinery of the local controllers: the client they use, their queue, indexes, context and clock values."""
