#!/usr/bin/env bash
# image.sh SOURCE DEST: the Dockerfile's build step. Installs and builds a copy of this checkout in SOURCE and leaves
# what runs (compiled client, genesis files, production dependencies) in DEST. CI runs it in a temporary folder.
set -euo pipefail
checkout=$(cd "$(dirname "$0")/.." && pwd)
source=$1
dest=$2

mkdir -p "$source" "$dest"
if [ "$checkout" != "$(cd "$source" && pwd)" ]; then
  (cd "$checkout" && tar -c --exclude=./node_modules --exclude=./dist --exclude=./.git --exclude=target .) | tar -x -C "$source"
fi
cd "$source"
node scripts/build.mjs
npm prune --omit=dev --no-audit --no-fund --loglevel=error

mkdir -p "$dest/dist"
cp -R dist/client "$dest/dist/"
[ ! -d dist/genesis ] || cp -R dist/genesis "$dest/dist/"
cp -R node_modules package.json LICENSE README.md "$dest/"
find "$dest/dist" -name '*.js.map' -delete

# The image must run without the checkout it was built from, as a node too.
cd "$dest"
node dist/client/main.js --version
data=$(mktemp -d)
node dist/client/main.js --dev --prove --http.port 0 --datadir "$data/new" --json >"$data/ready.json" &
started=$!
for _ in $(seq 120); do
  if grep -q '"ok":true' "$data/ready.json" || ! kill -0 "$started" 2>/dev/null; then break; fi
  sleep 0.5
done
kill -INT "$started"
wait "$started"
grep '"ok":true' "$data/ready.json"
rm -rf "$data"
