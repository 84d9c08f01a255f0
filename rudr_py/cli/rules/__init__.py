"""The rules of the specification whose IDs are in messages, such as [TR-17], explained for users."""
