"""(room: controller)"""
