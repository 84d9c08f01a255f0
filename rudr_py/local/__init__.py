"""(room: local)"""
