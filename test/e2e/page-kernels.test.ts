import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { buildSync } from 'esbuild';
import { type Pages, servePage } from '../../client/rpc/jsonrpc/pages.ts';
import { needsChromium, openPage } from '../support/chromium.ts';
import { repoRoot } from '../support/data.ts';

const SHOWN = `document.getElementById('out')?.innerText`;

/** A page whose worker says which of the verifier's kernels it has. */
function pages(): Pages {
  const contents = `
    import { wasmKernels } from './client/prover/kernels/wasm-kernels.ts';
    postMessage(wasmKernels()?.name ?? 'none');`;
  const [worker] = buildSync({
    stdin: { contents, resolveDir: repoRoot(), loader: 'ts' },
    ...{ bundle: true, write: false, platform: 'browser', format: 'iife' },
  }).outputFiles;
  const main = `new Worker('worker.js').onmessage = ({ data }) => { document.getElementById('out').innerText = data; };`;
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  return new Map([
    ['/', { type: 'text/html', bytes: bytes('<!doctype html><p id="out"></p><script src="main.js"></script>') }],
    ['/main.js', { type: 'text/javascript', bytes: bytes(main) }],
    ['/worker.js', { type: 'text/javascript', bytes: worker!.contents }],
  ]);
}

test('a worker of a page that a node serves → its policy allows the verifier’s kernels in WebAssembly', {
  ...needsChromium(),
}, async (t) => {
  const served = pages();
  const server = createServer((request, response) => {
    if (!servePage(request, response, served)) response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const page = await openPage(t);
  await page.goTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  assert.equal(await page.until(SHOWN), 'wasm');
  assert.deepEqual(page.errors, []);
});
