"""(room: plugins)"""
