# syntax=docker/dockerfile:1
# The image of docker-compose.yml and of ops/kubernetes. The cache mounts keep RocksDB compiled when only our own source changes.
#   docker build --build-arg REVISION="$(git rev-parse HEAD)" -t sheaf:0.1.0 .

FROM rust:1.95.0-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential pkg-config libssl-dev zlib1g-dev libclang-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# The image's own toolchain, or rust-toolchain.toml would have rustup fetch rustfmt and clippy.
ENV RUSTUP_TOOLCHAIN=1.95.0
COPY . .
# The label `revision` of the metric sheaf_build_info.
ARG REVISION=unknown
# A cache mount is gone after its step, hence the copy. The names of functions stay, for backtraces; the tables of their lines do not.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/build/target,sharing=locked \
    SHEAF_REVISION="$REVISION" cargo build --locked --release --bin sheaf \
    && cp target/release/sheaf /usr/local/bin/sheaf \
    && strip --strip-debug /usr/local/bin/sheaf

# The same Debian as the build's, for the same libraries.
FROM debian:12.13-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libssl3 libstdc++6 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 sheaf \
    && useradd --system --uid 10001 --gid sheaf --no-create-home --home-dir /var/lib/sheaf --shell /usr/sbin/nologin sheaf \
    && install -d -o sheaf -g sheaf -m 0750 /var/lib/sheaf
COPY LICENSE /usr/share/doc/sheaf/LICENSE
COPY --from=build /usr/local/bin/sheaf /usr/local/bin/sheaf
# A library that is missing here ends the build, and not the first container.
RUN ["sheaf", "--version"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="sheaf" \
      org.opencontainers.image.description="A stateful stream processor on Kafka for event-driven orchestration" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/debian:12.13-slim"
# Topologies and templates are named relative to this directory; a new volume on /var/lib/sheaf inherits its owner.
WORKDIR /etc/sheaf
# By number: Kubernetes cannot tell that a name is not root's.
USER 10001:10001
# Where ops/ lets it listen; the default of http.bind is loopback.
EXPOSE 8080
# No HEALTHCHECK: the image has all commands, and only `run` has a port, which is a setting. docker-compose.yml and ops/kubernetes
# have the checks.
ENTRYPOINT ["sheaf"]
CMD ["run", "-c", "/etc/sheaf/sheaf.yaml"]
