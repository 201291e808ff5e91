import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLogger, type LogLevel } from '../../../client/log.ts';

function logged(level: LogLevel, write: (log: ReturnType<typeof createLogger>) => void): readonly object[] {
  const lines: object[] = [];
  write(createLogger(level, { write: (line: string) => void lines.push(JSON.parse(line) as object) }));
  return lines.map(({ time, ...rest }: { time?: string }) => {
    assert.match(time ?? '', /^\d{4}-\d\d-\d\dT/);
    return rest;
  });
}

describe('log', () => {
  test('a line with quantities and bytes → JSON with decimal strings and hex', () => {
    const lines = logged('info', (log) =>
      log.child({ module: 'chain' }).info({ number: 2n ** 70n, hash: Uint8Array.of(1, 255) }, 'imported'),
    );
    assert.deepEqual(lines, [
      { level: 'info', module: 'chain', number: '1180591620717411303424', hash: '0x01ff', msg: 'imported' },
    ]);
  });

  test('a line below the level → not written', () => {
    assert.deepEqual(
      logged('warn', (log) => log.info('quiet')),
      [],
    );
    assert.equal(logged('error', (log) => log.error('loud')).length, 1);
  });
});
