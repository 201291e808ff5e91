#!/usr/bin/env bash
# Rebuilds the guest and compares it with the committed one: byte for byte with the toolchain that
# client/prover/guest/toolchain.json names, else by the claims of the rebuilt guest about the real blocks.
set -euo pipefail
cd "$(dirname "$0")/.."
guest=client/prover/guest

if ! missing=$(bash -c "source $guest/toolchain.sh"); then
  echo "skipped: guest rebuild: $missing"
  exit 0
fi
actual=$(bash -c "source $guest/toolchain.sh; echo \"\$toolchain\"")
pinned=$(node -p "JSON.parse(require('fs').readFileSync('$guest/toolchain.json', 'utf8')).toolchain")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$guest/build.sh" "$work/guest.wasm"
(cd "$guest" && sha256sum --check --quiet guest.wasm.sha256)

if [ "$actual" = "$pinned" ]; then
  if ! cmp "$work/guest.wasm" "$guest/guest.wasm"; then
    echo "the rebuilt guest differs from $guest/guest.wasm: $(sha256sum <"$work/guest.wasm")"
    exit 1
  fi
  echo "guest rebuild: the same bytes with $actual"
  exit 0
fi
echo "byte comparison skipped: the committed guest was built with $pinned, this is $actual"
GUEST_WASM="$work/guest.wasm" node_modules/.bin/tsx --test test/conformance/guest/real-blocks.test.ts
echo "guest rebuild: the same claims"
