"""The packages that provide the types of an application. The status stores them for messages about missing types.

Pure. The catalog has the types of installed packages; the status has only names.
"""

from __future__ import annotations

from rudr_py.catalog import OWN_PACKAGE, Catalog, package_and_version
from rudr_py.errors import CatalogError
from rudr_py.render.values.inputs import Inputs


def used(inputs: Inputs, catalog: Catalog, *, invalid: bool) -> dict[str, str]:
    """Type as written in the documents -> package with version, of all types that are not built in.

    While the documents are `invalid`, missing types keep their package from the previous status.
    """
    bindings = inputs.application.components
    parsed = [inputs.components.get(binding.component_name) for binding in bindings]
    workloads = {
        component.value.workload_type for component in parsed if component is not None and component.value is not None
    }
    traits = {trait.name for binding in bindings for trait in binding.traits}
    scopes = {scope.type for scope in inputs.application.scopes}
    provided: dict[str, str] = {}
    for names, offers in ((workloads, catalog.workloads), (traits, catalog.traits), (scopes, catalog.scopes)):
        provided |= {name: offers[name].package for name in names if name in offers}
    component = {name: package for name, package in provided.items() if package_and_version(package)[0] != OWN_PACKAGE}
    if not invalid:
        return component
    # a document that is unreadable or absent may use any of them
    unread = bool(inputs.parsed.problems) or any(component is None or component.value is None for component in parsed)
    lost = {
        name for name in inputs.packages if name not in provided and (unread or name in workloads | traits | scopes)
    }
    return {**{name: inputs.packages[name] for name in lost}, **component}


def unknown(error: CatalogError, category: str, inputs: Inputs, catalog: Catalog) -> str:
    """The message about a missing type of this category: the package that provided it, and how to install it again.

    If the status has no package for it, or the catalog lists its plugin, it is the message of the catalog.
    """
    provider = inputs.packages.get(error.name)
    if provider is None:
        return str(error)
    package, version = package_and_version(provider)
    states = [plugin for plugin in catalog.plugins if plugin.package == package]
    unused = next((plugin for plugin in states if plugin.state != "loaded"), None)
    if unused is not None:
        listed = error.name in unused.types
        return str(error) if listed else f'the {category} "{error.name}" cannot be used: {unused.error}.'
    if states:
        installed = f"the installed {states[0].distribution} does not provide it"
        install = f"pip install '{package}=={version}'"
        return f'the {category} "{error.name}" was provided by {provider}, but {installed}; run: {install}.'
    install = f"pip install {package}, and restart rudr-py"
    return f'the {category} "{error.name}" was provided by {provider}, which is not installed now; run: {install}.'
