#!/usr/bin/env bash
# Builds guest.wasm. Usage: build.sh OUTPUT.wasm [TARGET_DIR]
#
# Needs a Rust toolchain, its library sources and wasm-ld: on Debian the packages rustc-web, cargo-web, rust-web-src
# and lld-19, elsewhere rustup with the component rust-src and an LLVM with wasm-ld. The toolchain that toolchain.json
# names gives the committed bytes, in any folder.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
output=$(realpath -m "${1:?usage: build.sh OUTPUT.wasm [TARGET_DIR]}")
target=$(realpath -m "${2:-$here/target}")
source "$here/toolchain.sh"

# What the guest's README lists: the machine lowers these and nothing else.
features=+sign-ext,+bulk-memory,+multivalue,+wide-arithmetic
stack_bytes=1048576
memory_bytes=536870912

export RUSTC_BOOTSTRAP=1 # the library is compiled here too, for exactly these features
export CARGO_TARGET_DIR=$target
export RUSTFLAGS="-C linker=$linker -C panic=abort -C target-cpu=mvp -C target-feature=$features \
 -C link-arg=--stack-first -C link-arg=-zstack-size=$stack_bytes \
 -C link-arg=--initial-memory=$memory_bytes -C link-arg=--max-memory=$memory_bytes \
 --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$here=/guest"
cd "$here"
"$cargo" build --quiet --release --locked -p guest -Zbuild-std=core,alloc,panic_abort --target wasm32-unknown-unknown
cp "$target/wasm32-unknown-unknown/release/guest.wasm" "$output"
