# Sourced: sets `cargo`, `linker` and `toolchain` (their versions in one line), or returns 1 with a line saying what is
# missing. Debian's packages put a rustc with library sources into /usr/bin, where a rustup in PATH would hide it.

if [ -x /usr/bin/rustc ] && [ -d /usr/lib/rustlib/src ]; then PATH=/usr/bin:$PATH; fi
cargo=$(command -v cargo) || { echo 'no Rust: cargo is not in PATH'; return 1; }
rustc=$(command -v rustc) || { echo 'no Rust: rustc is not in PATH'; return 1; }
[ -d "$("$rustc" --print sysroot)/lib/rustlib/src" ] || { echo 'the sources of the Rust library are not installed'; return 1; }
linker=
for name in wasm-ld-19 wasm-ld; do
  if command -v "$name" >/dev/null; then linker=$name; break; fi
done
[ -n "$linker" ] || { echo 'no wasm-ld in PATH'; return 1; }
# Not the name of a distribution's build: the compiler's commit and the linker's version decide.
toolchain="$("$rustc" --version | cut -d' ' -f1-2), $("$linker" --version | sed 's/^[^L]*//')"
