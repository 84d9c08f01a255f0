"""(room: api)"""
