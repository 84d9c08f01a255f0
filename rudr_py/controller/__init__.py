"""The reconciler and everything that runs beside it. All tasks of the controller are started in this package.

It joins `render`, which decides, and `kube`, which sends requests; `wiring.assemble` is the one function that connects
them.
"""

from rudr_py.controller.controller import Controller
from rudr_py.controller.wiring import assemble

__all__ = ["Controller", "assemble"]
