// `npm start [-- flags]`: installs and builds what is missing, then runs a dev chain that proves its blocks. --built: dist/ is
// up to date (the tests say so, which run from it).
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { root } from './lib/root.mjs';

ensureInstalled();
const given = process.argv.slice(2);
if (!given.includes('--built')) await ensureBuilt();
const flags = ['--dev', '--prove', '--http.light-page', ...given.filter((flag) => flag !== '--built')];
const node = spawn(process.execPath, [join(root, 'dist', 'client', 'main.js'), ...flags], { stdio: 'inherit' });
// A terminal sends Ctrl-C to both processes: this one stays until the node has closed its store.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) node.kill(signal);
  });
}
node.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
