"""The controller process: its reconcilers, and the watches, queues and servers around them.

It connects `render`, which decides, with `kube`, which sends requests; `wiring.assemble` is the only function that
connects the parts. All tasks of the controller are started in this package.
"""
