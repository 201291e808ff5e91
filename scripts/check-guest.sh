#!/usr/bin/env bash
# Rebuilds the guest in a temporary folder and compares it with the committed guest.wasm. With the toolchain that
# toolchain.json names every byte must be the same; another one gives other bytes, and the comparison is skipped by name.
set -euo pipefail
cd "$(dirname "$0")/.."
guest=client/prover/guest
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! missing=$( (source "$guest/toolchain.sh") 2>&1 ); then
  echo "skipped: guest rebuild: $missing"
  exit 0
fi
source "$guest/toolchain.sh"
"$guest/build.sh" "$work/guest.wasm" "$work/target"
built=$(sha256sum <"$work/guest.wasm" | cut -d' ' -f1)
committed=$(cut -d' ' -f1 "$guest/guest.wasm.sha256")
if [ "$built" = "$committed" ]; then
  echo "the guest rebuilds to the committed bytes: $built"
  exit 0
fi
pinned=$(node -p "JSON.parse(require('fs').readFileSync('$guest/toolchain.json', 'utf8')).toolchain")
if [ "$toolchain" = "$pinned" ]; then
  echo "the guest rebuilds to other bytes: expected $committed, got $built"
  exit 1
else
  echo "skipped: byte comparison of the guest: it is pinned to '$pinned', this machine has '$toolchain'"
fi
