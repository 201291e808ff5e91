/** The node's log: one JSON object per line on standard error; standard output belongs to results. */
import pino, { type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const STANDARD_ERROR = 2;

/**
 * A logger; modules take a child of it that names them: `log.child({ module: 'sealing' })`.
 * Bigints are written as decimal strings and byte arrays as 0x… hex.
 * @param destination written to synchronously, so that nothing is lost when the process ends
 */
export function createLogger(
  level: LogLevel,
  destination: DestinationStream = pino.destination({ dest: STANDARD_ERROR, sync: true }),
): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: printable },
    },
    destination,
  );
}

function printable(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => {
      if (typeof value === 'bigint') return [key, value.toString()];
      if (value instanceof Uint8Array) return [key, `0x${Buffer.from(value).toString('hex')}`];
      return [key, value];
    }),
  );
}
