"""(room: cli)"""
