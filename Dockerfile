# syntax=docker/dockerfile:1
# The image of docker-compose.yml. The cache mounts keep RocksDB compiled when only our own source changes.

FROM rust:1.95.0-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential pkg-config libssl-dev zlib1g-dev libclang-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# The image's own toolchain, or rust-toolchain.toml would have rustup fetch rustfmt and clippy.
ENV RUSTUP_TOOLCHAIN=1.95.0
COPY . .
# A cache mount is gone after its step, hence the copy.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/build/target,sharing=locked \
    cargo build --locked --release --bin sheaf \
    && cp target/release/sheaf /usr/local/bin/sheaf

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libssl3 libstdc++6 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin sheaf \
    && install -d -o sheaf -g sheaf /var/lib/sheaf
COPY --from=build /usr/local/bin/sheaf /usr/local/bin/sheaf
# Topologies and templates are named relative to this directory; a new volume on /var/lib/sheaf inherits its owner.
WORKDIR /etc/sheaf
USER sheaf
ENTRYPOINT ["sheaf"]
CMD ["run", "-c", "/etc/sheaf/sheaf.yaml"]
