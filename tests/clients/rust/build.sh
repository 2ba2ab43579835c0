#!/bin/sh
# Builds the tests that livekit-api's own source has for LiveKit's test server, in the directory that is given, and leaves them
# there as `api_test`. It takes some minutes, so that `make test` runs them only where `make sdk` has built them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
kept=$(mkdir -p "$1" && cd "$1" && pwd)
cargo=${CARGO:-cargo}

$cargo fetch --quiet --locked --manifest-path "$here/Cargo.toml"
manifest=$($cargo metadata --quiet --locked --offline --format-version 1 --manifest-path "$here/Cargo.toml" |
  tr ',' '\n' | sed -n 's/.*"manifest_path":"\(.*livekit-api-[0-9.]*\/Cargo.toml\)".*/\1/p' | head -n 1)

# The registry's own copy is nobody's to build in.
rm -rf "$kept/source"
cp -R "$(dirname "$manifest")" "$kept/source"
echo '[workspace]' >> "$kept/source/Cargo.toml"
$cargo test --manifest-path "$kept/source/Cargo.toml" --target-dir "$kept/source-target" --lib --no-run --message-format json |
  tr ',' '\n' | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1 > "$kept/executable"
cp "$(cat "$kept/executable")" "$kept/api_test"
