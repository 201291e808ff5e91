import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClientError } from '../errors.ts';
import type { Pages } from '../rpc/jsonrpc/pages.ts';

/** Where the server has the page. */
export const LIGHT_PAGE_PATH = '/light/';

/** As the build leaves them. */
const FOLDER = fileURLToPath(new URL('../light/page/', import.meta.url));
const FILES = {
  'index.html': 'text/html; charset=utf-8',
  'style.css': 'text/css; charset=utf-8',
  'main.js': 'text/javascript; charset=utf-8',
  'worker.js': 'text/javascript; charset=utf-8',
} as const;

/** The light client's page, which verifies in the browser. @throws ClientError `pageNotBuilt` */
export async function lightPage(): Promise<Pages> {
  const read = async ([name, type]: [string, string]) => {
    const path = `${LIGHT_PAGE_PATH}${name === 'index.html' ? '' : name}`;
    return [path, { type, bytes: new Uint8Array(await readFile(join(FOLDER, name))) }] as const;
  };
  try {
    return new Map(await Promise.all(Object.entries(FILES).map(read)));
  } catch (cause) {
    throw new ClientError('pageNotBuilt', `the light client's page is not in ${FOLDER}: npm run build`, {}, { cause });
  }
}
