import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { step } from './step.mjs';

/** Oldest Node that the client supports, as in package.json's `engines`. */
const OLDEST_NODE = [20, 19];

/** Installs exactly what package-lock.json names, when that is not what node_modules holds. */
export function ensureInstalled() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    console.error(`zkl1-node needs Node ${OLDEST_NODE.join('.')} or newer, this is ${process.versions.node}`);
    process.exit(1);
  }
  if (isInstalled()) return;
  console.error('installing dependencies (npm ci)');
  step('installing dependencies', 'npm', ['ci', '--include=dev', '--no-audit', '--no-fund']);
}

/** Compares versions, not file times: a checkout touches the lock file without changing what it asks for. */
function isInstalled() {
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(installedFile);
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional === true || installed[path]?.version === entry.version,
  );
}

/** @returns {Record<string, {version?: string, optional?: boolean}>} */
function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}
