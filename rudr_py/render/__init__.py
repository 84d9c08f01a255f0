"""(room: render)"""
