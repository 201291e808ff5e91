#!/usr/bin/env bash
# Builds guest.wasm. Usage: build.sh OUTPUT.wasm [TARGET_DIR]
#
# Needs a Rust toolchain, its library sources, LLVM's tools of the compiler's own version and wasm-ld: on Debian the
# packages rustc-web, cargo-web, rust-web-src, llvm-22 and lld-19. The toolchain that toolchain.json names gives the
# committed bytes, in any folder. README, "Build", says why the code generator runs here and not inside rustc.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
output=$(realpath -m "${1:?usage: build.sh OUTPUT.wasm [TARGET_DIR]}")
target=$(realpath -m "${2:-$here/target}")
source "$here/toolchain.sh"

triple=wasm32-unknown-unknown
features=+sign-ext,+bulk-memory,+multivalue,+wide-arithmetic
stack_bytes=$((1 << 20))
memory_bytes=$((1 << 30))

# RUSTC_BOOTSTRAP: the library is compiled here too, for exactly these features.
export RUSTC_BOOTSTRAP=1 RUSTC_WRAPPER=$here/rustc.sh CARGO_TARGET_DIR=$target
export RUSTFLAGS="-C linker=$linker -C panic=abort -Z fmt-debug=none -C target-cpu=mvp -C target-feature=$features \
 --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$here=/guest"
cd "$here"
"$cargo" rustc --quiet --release --locked -p guest -Zbuild-std=core,alloc,panic_abort --target $triple -- \
  --emit=llvm-bc

built=$target/$triple/release/deps
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
codegen() { "$llc" -mtriple=$triple -mcpu=mvp -mattr=$features -O3 -thread-model=single "$@"; }
# Functions that use wide arithmetic, by name.
wide_functions() {
  awk '/^\t\.type\t.*,@function/ { name = $2; sub(/,@function$/, "", name) }
       /^\ti64\.(mul_wide_[su]|add128|sub128)/ && !seen[name]++ { print name }'
}
codegen "$built/guest.bc" -filetype=asm -o - | wide_functions | sed 's/^/--func=/' >"$work/names"
"$llvm_extract" "@$work/names" "$built/guest.bc" -o "$work/wide.bc"
"$llvm_extract" --delete "@$work/names" "$built/guest.bc" -o "$work/rest.bc"
codegen "$work/rest.bc" -filetype=obj -o "$work/rest.o"
codegen "$work/wide.bc" -stop-before=wasm-reg-stackify -o "$work/wide.mir"
# Value ranges that the printer cannot name; only optimisations that have already run read them.
sed -i -E 's/, !range <0x[0-9a-f]+>//' "$work/wide.mir"
codegen "$work/wide.mir" -start-after=wasm-reg-stackify -filetype=obj -o "$work/wide.o"

missed=$(codegen "$work/rest.bc" -filetype=asm -o - | wide_functions | wc -l)
[ "$missed" = 0 ] || { echo "$missed functions with wide arithmetic were missed" >&2; exit 1; }
builtins=("$built"/libcompiler_builtins-*.rlib)
[ ${#builtins[@]} = 1 ] || { echo "expected one libcompiler_builtins in $built, found ${#builtins[@]}" >&2; exit 1; }
"$linker" --no-entry --export=main --stack-first -z stack-size=$stack_bytes \
  --initial-memory=$memory_bytes --max-memory=$memory_bytes \
  --no-demangle --gc-sections -O3 --strip-debug "$work/rest.o" "$work/wide.o" "${builtins[0]}" -o "$work/guest.wasm"
mv "$work/guest.wasm" "$output"
