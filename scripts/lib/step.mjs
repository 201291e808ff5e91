import { spawnSync } from 'node:child_process';
import { root } from './root.mjs';

/**
 * Runs one build step in the repository's root; ends this process with the step's own status when it fails.
 * What the step says goes to stderr, so that standard output stays with the command that needed the step.
 * @param {string} what said in the failure line
 * @param {string} command
 * @param {readonly string[]} args
 */
export function step(what, command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (result.status === 0) return;
  const reason =
    result.error?.message ?? (result.signal ? `ended by ${result.signal}` : `exit status ${result.status}`);
  console.error(`${what} failed: ${command} ${args.join(' ')}: ${reason}`);
  process.exit(result.status || 1);
}
