# The image of the controller. It needs no shell at run time. docs/releasing.md describes building and deriving images.
#
#   docker build --tag rudr-py .
#   docker build --tag rudr-py --build-arg PLUGINS="./plugins/rudr-py-cronhpa ./plugins/rudr-py-faas" .

ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore \
    PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt
WORKDIR /src
RUN python -m venv /opt/rudr
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY crds ./crds
COPY examples ./examples
COPY plugins ./plugins
COPY rudr_py ./rudr_py
# Plugin packages to install, as pip accepts them: requirements, or folders of this repository.
ARG PLUGINS=""
RUN /opt/rudr/bin/pip install --no-compile . ${PLUGINS}
RUN /opt/rudr/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/rudr/lib

FROM python:${PYTHON}-slim
ARG VERSION=""
ARG REVISION=""
LABEL org.opencontainers.image.title="rudr-py" \
      org.opencontainers.image.description="The Open Application Model on Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The base image has no bytecode of the standard library, and the root file system is read-only at run time.
RUN python -c 'import compileall, sysconfig; compileall.compile_dir(sysconfig.get_path("stdlib"), quiet=2, workers=0)'
COPY --from=build /opt/rudr /opt/rudr
ENV PATH="/opt/rudr/bin:${PATH}" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp
WORKDIR /
USER 65532:65532
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/rudr/bin/rudr"]
CMD ["run"]
