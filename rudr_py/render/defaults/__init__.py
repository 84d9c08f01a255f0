"""The defaults of the platform: the last step of rendering an instance."""
