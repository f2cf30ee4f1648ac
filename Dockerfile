FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 UV_NO_CACHE=1
WORKDIR /opt/opdhub
RUN python -m venv /opt/venv
# the libraries first: a change of the project does not install them again
COPY requirements-uv.lock requirements.lock ./
RUN /opt/venv/bin/python -m pip install --require-hashes -r requirements-uv.lock \
 && /opt/venv/bin/uv pip install --python /opt/venv/bin/python --compile-bytecode --require-hashes -r requirements.lock
COPY . .
# editable: Airflow, the command line and the catalogue all read /opt/opdhub, one copy
RUN /opt/venv/bin/uv pip install --python /opt/venv/bin/python --no-deps --no-build-isolation -e . \
 && /opt/venv/bin/python -m compileall -q .

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH
# a new volume takes over the owner of the folder that it covers
RUN useradd --uid 10001 --user-group --home-dir /var/lib/opdhub --shell /usr/sbin/nologin opdhub \
 && install -d -o opdhub -g opdhub /var/lib/opdhub /var/lib/opdhub/landing /var/lib/opdhub/airflow /var/lib/opdhub/airflow/logs
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/opdhub /opt/opdhub
WORKDIR /opt/opdhub
USER 10001:10001
CMD ["opdhub", "--help"]
