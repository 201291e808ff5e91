# Sourced: sets `cargo`, `llc`, `llvm_extract`, `linker` and `toolchain` (their versions in one line); where something
# is missing it prints what and returns 1.

# Debian's packages put a rustc with library sources into /usr/bin, where a rustup in PATH would hide it.
if [ -x /usr/bin/rustc ] && [ -d /usr/lib/rustlib/src ]; then PATH=/usr/bin:$PATH; fi
cargo=$(command -v cargo) || { echo 'no Rust: cargo is not in PATH'; return 1; }
rustc=$(command -v rustc) || { echo 'no Rust: rustc is not in PATH'; return 1; }
[ -d "$("$rustc" --print sysroot)/lib/rustlib/src" ] || { echo 'no sources of the Rust library (rust-src)'; return 1; }
llvm=$("$rustc" -vV | sed -n 's/^LLVM version: //p')
first_of() {
  local name
  for name in "$@"; do if command -v "$name"; then return; fi; done
  return 1
}
llc=$(first_of "llc-${llvm%%.*}") || { echo "no llc-${llvm%%.*}: the compiler has LLVM $llvm"; return 1; }
llvm_extract=$(first_of "llvm-extract-${llvm%%.*}") || { echo "no llvm-extract-${llvm%%.*}"; return 1; }
linker=$(first_of wasm-ld-19 wasm-ld) || { echo 'no wasm-ld'; return 1; }
# Neither paths nor a distribution's package versions: the compiler, its LLVM and the linker decide over the bytes.
toolchain="$("$rustc" --version | cut -d' ' -f1-2), LLVM $("$llc" --version | sed -n 's/.*LLVM version //p'), $(
  "$linker" --version | sed 's/^[^L]*//')"
