"""(room: builtin)"""
