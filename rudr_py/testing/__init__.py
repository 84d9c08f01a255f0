"""(room: testing)"""
