# One program on a small Debian.
#
#   docker build -t berth .
#   docker run --rm berth --help
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/cards" berth card info my.card
#
# Card files belong to whoever made them, hence --user. What berth remembers between runs stays beside them, in .local.
# To reach the host's readers, lend it the daemon's socket: -v /run/pcscd:/run/pcscd

FROM swift:6.3-bookworm AS build
RUN apt-get update -q \
    && apt-get install -y -q --no-install-recommends \
        libssl-dev libpcsclite-dev libzip-dev zlib1g-dev libsqlite3-dev libpq-dev libmicrohttpd-dev libcurl4-openssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /berth
COPY . .
RUN swift build -c release --static-swift-stdlib --product berth \
    && install -D --strip .build/release/berth /out/berth

FROM debian:12-slim
RUN apt-get update -q \
    && apt-get install -y -q --no-install-recommends \
        libssl3 libpcsclite1 libstdc++6 libzip4 zlib1g libsqlite3-0 libpq5 libmicrohttpd12 libcurl4 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /cards berth
COPY --from=build /out/berth /usr/bin/berth
COPY LICENSE /usr/share/doc/berth/copyright
USER berth
ENV HOME=/cards
WORKDIR /cards
ENTRYPOINT ["berth"]
CMD ["--help"]
