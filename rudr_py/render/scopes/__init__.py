"""Rendering of scopes and the membership of instances in them."""
