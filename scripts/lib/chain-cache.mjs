import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from './root.mjs';

/**
 * Data directory of the development chain whose proofs are kept for benchmarks: outside the repository, under the digest of
 * the key that verifies them, so that another guest or machine begins another chain.
 */
export function chainCache() {
  const types = JSON.parse(readFileSync(join(root, 'proof-types.json'), 'utf8'));
  const { vkHash } = types.find(({ profile, status }) => profile === 'P100' && status === 'active');
  return join(process.env.ZKL1_CACHE ?? join(homedir(), '.cache', 'zkl1-node'), vkHash.slice(0, 16), 'chain');
}
