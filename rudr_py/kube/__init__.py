"""(room: kube)"""
